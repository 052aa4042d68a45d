"""International bank account numbers (ISO 13616-1): country, check digits and account, in the length that the
country registered; in one word or in groups of four."""

from __future__ import annotations

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import DIGIT, SPACED, UPPER, run_end
from pipeline.steps.privacy.iso7064 import is_mod_97_10
from pipeline.steps.privacy.word_boundaries import stands_free
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

CANDIDATE = 1 << 12
_GROUP, _SHORTEST = 4, 15
_MOST_BYTES = 34 + 8  # with spaces between groups of four
_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL FK",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK MN",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ TL OM SO",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "PT ST LY",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.encode().split()
}
"""Characters of an account number by country (the IBAN registry of SWIFT)."""


@kernel_without_refcounts
def iban_end(data, start, stop, end, classes):  # type: ignore[no-untyped-def]
    """The end of what begins with this word like an account number, by two capitals and two digits; -1 for
    none."""
    size = stop - start
    if size != _GROUP and size < _SHORTEST:
        return -1
    if not (
        classes[data[start]] & classes[data[start + 1]] & UPPER
        and classes[data[start + 2]] & classes[data[start + 3]] & DIGIT
    ):
        return -1
    return stop if size > _GROUP else run_end(data, start, min(end, start + _MOST_BYTES), classes, SPACED)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """The country's length, and the check digits."""
    length = _LENGTHS.get(found[:2], 0)
    compact = found.replace(b" ", b"")[:length]
    if not length or len(compact) < length:
        return 0
    grouped = b" ".join(compact[at : at + _GROUP] for at in range(0, length, _GROUP))
    written = next((text for text in (compact, grouped) if found.startswith(text)), b"")
    if not written or not stands_free(before, found[len(written) :] + after):
        return 0
    return len(written) if is_mod_97_10(compact[4:] + compact[:4]) else 0


KIND = BuiltInKind(
    name="iban",
    detectors=(Detector(CANDIDATE, validate),),
    ignores_separators=True,
    examples=(
        "IBAN: ⟦CH38 0900 0000 3002 2018 5⟧ BIC",
        "Konto ⟦DE89370400440532013000⟧.",
        "Kontonummer ⟦NO9386011117947⟧",
    ),
    near_misses=(
        "DE88370400440532013000",  # check digits
        "DE8937040044053201300",
        "XX89370400440532013000",
    ),
)
