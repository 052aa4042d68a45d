"""What valid values are made of."""

from __future__ import annotations

import string
from random import Random

DIGITS, LETTERS, BASE62 = string.digits, string.ascii_letters, string.digits + string.ascii_letters


NAMES = "wang li zhang chen liu smith jones garcia mueller tanaka kim ivanov rossi dubois novak silva okafor haddad".split()


def digits(random: Random, count: int) -> str:
    return "".join(random.choices(DIGITS, k=count))


def fill(random: Random, pattern: str) -> str:
    """``#`` is a digit, ``N`` one from 2 to 9."""
    return "".join(
        random.choice(DIGITS) if mark == "#" else random.choice("23456789") if mark == "N" else mark
        for mark in pattern
    )
