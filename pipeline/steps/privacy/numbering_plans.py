"""Numbering plans: calling codes, lengths of telephone numbers, provinces, issuers of cards."""

from __future__ import annotations

CALLING_CODES = frozenset(
    (
        *b"1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 "
        b"65 66".split(),
        *b"81 82 84 86 90 91 92 93 94 95 98".split(),
        *(
            b"%d" % code
            for first in (
                21,
                22,
                23,
                24,
                25,
                26,
                29,
                35,
                37,
                38,
                42,
                50,
                59,
                67,
                68,
                69,
                85,
                87,
                88,
                96,
                97,
                99,
            )
            for code in range(10 * first, 10 * first + 10)
        ),
    )
)
"""ITU-T E.164, assigned zones; within the three-digit blocks every code counts, assigned or spare."""

OTHER_LENGTHS = range(7, 12)
NATIONAL_LENGTHS: dict[bytes, range] = {
    b"1": range(10, 11),
    b"7": range(10, 11),
    b"33": range(9, 10),
    b"34": range(9, 10),
    b"44": range(9, 11),
    b"49": range(6, 14),
    b"61": range(9, 10),
    b"65": range(8, 9),
    b"81": range(9, 11),
    b"82": range(8, 11),
    b"86": range(10, 12),
    b"91": range(10, 11),
    b"852": range(8, 9),
    b"853": range(8, 9),
    b"886": range(8, 10),
}
"""Digits of a national number by calling code; ``OTHER_LENGTHS`` where it is not listed."""

PROVINCES = frozenset(
    b"11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 "
    b"83".split()
)
"""GB/T 2260, first two digits."""

_ISSUERS: tuple[tuple[int, int, range], ...] = (
    (300, 305, range(14, 15)),  # Diners Club
    (34, 34, range(15, 16)),  # American Express
    (37, 37, range(15, 16)),
    (3528, 3589, range(16, 17)),  # JCB
    (36, 36, range(14, 15)),  # Diners Club
    (38, 39, range(14, 15)),
    (4, 4, range(16, 17)),  # Visa
    (51, 55, range(16, 17)),  # Mastercard
    (2221, 2720, range(16, 17)),
    (6011, 6011, range(16, 17)),  # Discover
    (644, 659, range(16, 17)),
    (62, 62, range(16, 20)),  # UnionPay
    (9558, 9558, range(19, 20)),  # ICBC's own, still in use in China
)
"""First and last prefix (ISO/IEC 7812 issuer numbers) and how many digits the card number has."""


def card_issuer(digits: bytes) -> bool:
    """Whether some issuer has card numbers of this prefix and length."""
    return any(
        len(digits) in lengths and first <= int(digits[: len(str(first))]) <= last
        for first, last, lengths in _ISSUERS
        if digits
    )


IBAN_LENGTHS = {
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
"""Characters of an account number by country (the IBAN registry of ISO 13616)."""
