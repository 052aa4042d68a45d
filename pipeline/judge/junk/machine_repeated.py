"""Junk that says one thing again and again, as language models and broken programs do."""

from __future__ import annotations

import numpy as np

from pipeline.judge.junk.real_text import RealText

LONGEST_BEGINNING = 0.35
"""Share of a text that is good before it begins to loop."""
_SPACE = {"en": " ", "zh": ""}


def machine_repeated(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """A phrase, a sentence or a passage over and over: as it is, counted, or each time with a word changed;
    after a good beginning in some."""
    space = _SPACE[language]
    good = real.passage(random, int(size * LONGEST_BEGINNING)) + "\n" if random.random() < 0.4 else ""
    piece = _piece(real.passage(random, size // 4), language, random)
    space = "\n" if "\n" in piece or random.random() < 0.4 else space
    times = max(4, (size - len(good)) // (len(piece) + 1))
    repeat = (_plainly, _counted, _varied)[int(random.integers(3))]
    return good + space.join(repeat(piece, times, real, random))


def _piece(text: str, language: str, random: np.random.Generator) -> str:
    longest = len(text) if random.random() < 0.3 else {"en": 90, "zh": 40}[language]
    size = int(random.integers(2, max(3, longest)))
    return text[:size].strip() or text.strip()


def _plainly(piece: str, times: int, real: RealText, random: np.random.Generator) -> list[str]:
    return [piece] * times


def _counted(piece: str, times: int, real: RealText, random: np.random.Generator) -> list[str]:
    first = int(random.integers(1, 100))
    return [f"{piece} {number}" for number in range(first, first + times)]


def _varied(piece: str, times: int, real: RealText, random: np.random.Generator) -> list[str]:
    return [
        f"{piece} {real.title(random)[:6].strip()}" if place % 3 == 0 else piece for place in range(times)
    ]
