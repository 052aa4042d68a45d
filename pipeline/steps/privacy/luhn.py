"""The Luhn check digit (ISO/IEC 7812-1, annex B)."""

from __future__ import annotations

from pipeline.text.unicode.byte_names import ZERO


def is_luhn(digits: bytes) -> bool:
    """Whether the last of these ASCII digits is the check digit of the others."""
    total = 0
    for place, byte in enumerate(reversed(digits)):
        value = byte - ZERO
        total += value if place % 2 == 0 else 2 * value - 9 * (value > 4)
    return total % 10 == 0
