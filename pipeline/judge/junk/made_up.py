"""Words, numbers and dates that mean nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

_CONSONANTS, _VOWELS, _HEX = "bcdfghjklmnpqrstvwxz", "aeiouy", "0123456789abcdef"
_HAN = (
    "安百宝碧昌超成春达德迪东朵恩方飞风福港格古光海豪禾恒华辉吉佳建江杰金京景康凯科兰乐利联龙鲁曼"
    "美明纳宁诺欧帕奇强泉日荣瑞森尚盛石思泰腾天通万威文西翔新鑫星雅阳一益永优宇远云泽智众卓"
)


def _from(characters: str, least: int, most: int, random: np.random.Generator) -> str:
    places = random.integers(len(characters), size=random.integers(least, most))
    return "".join(characters[place] for place in places)


def _word(random: np.random.Generator) -> str:
    syllables = random.integers(2, 5)
    return "".join(_from(_CONSONANTS, 1, 2, random) + _from(_VOWELS, 1, 2, random) for _ in range(syllables))


def _number(least: int, most: int) -> Callable[[np.random.Generator], str]:
    return lambda random: str(random.integers(least, most))


def _date(random: np.random.Generator) -> str:
    year, month, day = random.integers((2004, 1, 1), (2026, 13, 29))
    return f"{year}-{month:02}-{day:02}"


def _phone(random: np.random.Generator) -> str:
    return "1" + "".join(str(digit) for digit in random.integers(10, size=10))


MADE_UP: Mapping[str, Callable[[np.random.Generator], str]] = {
    "n": lambda random: str(int(10 ** random.uniform(0.3, 4))),
    "m": _number(1, 50),
    "year": _number(2004, 2026),
    "price": lambda random: f"{10 ** random.uniform(0.5, 3.5):.2f}",
    "date": _date,
    "phone": _phone,
    "word": _word,
    "han": lambda random: _from(_HAN, 1, 3, random),
    "hex": lambda random: _from(_HEX, 6, 13, random),
    "code": lambda random: _from(_HEX, 2, 4, random).upper() + "-" + str(random.integers(100, 10_000)),
}
"""What a slot without words of its own is filled with."""
