"""Pieces of real text that junk is made of."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

MOST_TEXTS = 500
MOST_CHARACTERS = 20_000
TITLE = {"en": 60, "zh": 24}
"""Characters of a title at most."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_LINK_TARGET = re.compile(r"\]\([^()\n]*\)")
_LETTERS = {"en": re.compile(r"[A-Za-z]"), "zh": re.compile(r"[\u4e00-\u9fff]")}
_LEAST_LETTERS = {"en": 0.7, "zh": 0.5}
_MARKS = " \t#>*-=|`　"


class RealText:
    """The lines of prose of some texts, in order. Lines of code, tables and markup are left out, and so is
    what has too few letters of the language."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        """``texts``: the first ``MOST_CHARACTERS`` of each are used, and of more than ``MOST_TEXTS`` an even
        choice.

        Raises:
            ValueError: none of the texts has a line of prose of the language.
        """
        chosen = texts[:: max(1, len(texts) // MOST_TEXTS)]
        self._lines = [line for text in chosen for line in _prose_lines(text[:MOST_CHARACTERS], language)]
        if not self._lines:
            raise ValueError(f"junk is made of real text, and these texts have no line of {language} prose")
        self._ends = np.cumsum([len(line) + 1 for line in self._lines])
        self._title = TITLE[language]

    def passage(self, random: np.random.Generator, size: int) -> str:
        """Lines that follow each other, of ``size`` characters together and at most one line more."""
        start = int(random.integers(max(1, int(self._ends[-1]) - size)))
        first, last = np.searchsorted(self._ends, (start, start + size), side="right")
        return "\n".join(self._lines[first : last + 1])

    def sentence(self, random: np.random.Generator) -> str:
        """One line."""
        return self._lines[int(random.integers(len(self._lines)))]

    def title(self, random: np.random.Generator) -> str:
        """The beginning of a line."""
        return self.sentence(random)[: int(random.integers(self._title // 3, self._title))].strip()


def _prose_lines(text: str, language: str) -> list[str]:
    prose = "\n".join(_FENCE.split(text)[::2])
    lines = (line.strip(_MARKS) for line in _LINK_TARGET.sub("]", prose).splitlines() if line[:4] != "    ")
    return [line for line in lines if _is_prose(line, language)]


def _is_prose(line: str, language: str) -> bool:
    visible = len(line) - line.count(" ")
    return visible > 1 and len(_LETTERS[language].findall(line)) >= _LEAST_LETTERS[language] * visible
