"""Check characters of ISO/IEC 7064."""

from __future__ import annotations

from pipeline.text.unicode.byte_names import ZERO

_MOD_11_2 = b"10X98765432"


def mod_11_2_check(digits: bytes) -> int:
    """The check character (ASCII; X stands for ten) of these ASCII digits, by MOD 11-2."""
    remainder = 0
    for byte in digits:
        remainder = 2 * (remainder + byte - ZERO) % 11
    return _MOD_11_2[remainder]


def is_mod_97_10(characters: bytes) -> bool:
    """Whether ASCII digits and letters (A is 10, Z is 35) that end with their two check digits are right by
    MOD 97-10."""
    number = int("".join(str(int(chr(character), 36)) for character in characters))
    return number % 97 == 1
