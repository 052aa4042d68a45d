"""Numbers that states and banks give out, proved by their check digits: identity numbers, organisations,
passports, plates, accounts."""

from __future__ import annotations

import re
from datetime import date

from pipeline.steps.privacy.numbering_plans import IBAN_LENGTHS, PROVINCES, card_issuer
from pipeline.steps.privacy.validators import stands_free
from pipeline.steps.privacy.words import PROVINCES as PLATE_PROVINCES

_SEPARATORS = re.compile(rb"[ .\-()/+]+")
_GROUP_BEFORE = re.compile(rb"[0-9A-Z]{4}[ \-]\Z")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = b"10X98765432"
_CREDIT_CODE = re.compile(rb"[1-9ANY][1-59][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_CREDIT_CHARACTERS = b"0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS = b"0X987654321"
_PASSPORT = re.compile(rb"[EGDSPKegdspk][0-9]{8}|[EDSPedsp][A-HJ-NP-Za-hj-np-z][0-9]{7}|[DSPdsp][0-9]{7}")
_PASSPORT_WORD = re.compile(
    "(?:护照|護照|(?<!<)passport|旅行证)[^0-9<>]{0,30}".encode() + rb"\Z", re.IGNORECASE
)
_PLATE = re.compile(
    f"[{PLATE_PROVINCES}][A-HJ-Z](?:·|•|[ -])?"
    "(?:[A-K][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[A-K]|[A-HJ-NP-Z0-9]{4}[学警挂港澳领使"
    "]|(?P<plain>[A-HJ-NP-Z0-9]{5}))"
)


def luhn(digits: bytes) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    total = 0
    for place, byte in enumerate(reversed(digits)):
        value = byte - 0x30
        total += value if place % 2 == 0 else 2 * value - 9 * (value > 4)
    return total % 10 == 0


def bank_card(found: bytes, before: bytes, after: bytes) -> int:
    """A card number by its issuer's prefix and length, and by its check digit; no end of a longer number in
    groups."""
    if not found.isdigit() and _GROUP_BEFORE.search(before):
        return 0
    ends = [len(found), *(match.start() for match in reversed(list(_SEPARATORS.finditer(found))))]
    for end in ends:
        digits = _SEPARATORS.sub(b"", found[:end])
        if card_issuer(digits) and luhn(digits):
            return end
    return 0


def iban(found: bytes, before: bytes, after: bytes) -> int:
    """An account number of ISO 13616: the country's length, and 1 modulo 97 (ISO 7064); in one word or in
    groups of four."""
    length = IBAN_LENGTHS.get(found[:2], 0)
    compact = found.replace(b" ", b"")[:length]
    if not length or len(compact) < length:
        return 0
    grouped = b" ".join(compact[at : at + 4] for at in range(0, length, 4))
    written = next((text for text in (compact, grouped) if found.startswith(text)), b"")
    rest = found[len(written) :] + after
    if not written or not stands_free(before, rest):
        return 0
    number = int("".join(str(int(chr(character), 36)) for character in compact[4:] + compact[:4]))
    return len(written) if number % 97 == 1 else 0


def id_card_cn(found: bytes, before: bytes, after: bytes) -> int:
    """A resident identity number of GB 11643-1999: province, date of birth, check character (ISO 7064 MOD
    11-2)."""
    digits = found.replace(b" ", b"").upper()
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return 0
    total = sum(weight * (byte - 0x30) for weight, byte in zip(_ID_WEIGHTS, digits[:17], strict=True))
    return len(found) if digits[:2] in PROVINCES and digits[17] == _ID_CHECKS[total % 11] else 0


def credit_code_cn(found: bytes, before: bytes, after: bytes) -> int:
    """A unified social credit code of GB 32100-2015: authority, province and check character. One of digits
    only must also hold a valid organisation code (GB 11714), since one in thirty order numbers of that form
    would pass."""
    if (
        not _CREDIT_CODE.fullmatch(found)
        or not (found[2:4] in PROVINCES or found[2:4] == b"10")
        or not stands_free(before, after)
    ):
        return 0
    values = [_CREDIT_CHARACTERS.index(character) for character in found]
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:17])) + values[17]
    return len(found) if total % 31 == 0 and (not found.isdigit() or _is_organisation(found[8:17])) else 0


def _is_organisation(code: bytes) -> bool:
    total = sum(weight * (byte - 0x30) for weight, byte in zip(_ORGANISATION_WEIGHTS, code[:8], strict=True))
    return code[8] == _ORGANISATION_CHECKS[total % 11]


def passport_cn(found: bytes, before: bytes, after: bytes) -> int:
    """A Chinese passport number with the word before it: there is no check digit."""
    announced = _PASSPORT.fullmatch(found) and _PASSPORT_WORD.search(before) and stands_free(b"", after)
    return len(found) if announced else 0


def plate_cn(found: bytes, before: bytes, after: bytes) -> int:
    """A plate of GA 36-2018: five characters with two digits or more, six of a new-energy vehicle, or four
    and a character of its use."""
    text = found.decode(errors="ignore")
    match = _PLATE.match(text)
    if match is None or (match["plain"] and sum(map(str.isdigit, match["plain"])) < 2):
        return 0
    size = len(match.group().encode())
    return size if stands_free(b"", found[size:] + after) else 0
