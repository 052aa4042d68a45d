"""Junk that has all of a text's pieces in a wrong order."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Sequence

import numpy as np

from pipeline.judge.junk.real_text import RealText

MOST_PASSAGES = 6
WIDTH = {"en": (24, 90), "zh": (10, 40)}
"""Characters of the lines that a text is wrapped at: narrow columns to wide pages."""
LEAST_LINES = 12
"""Of a text whose lines are shuffled: of fewer nobody could say whether they are."""
WORD_LENGTHS = {1: 0.45, 2: 0.45, 3: 0.1}
"""Characters of a Chinese word, with the share of words that have so many."""
_WORDS = {"en": re.compile(r"\S+"), "zh": re.compile(r"[\u4e00-\u9fff]+|[A-Za-z0-9]+|\S")}
_SPACE = {"en": " ", "zh": ""}


def shuffled_characters(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """All characters in any order, or those of each word (in Chinese: line)."""
    text = real.passage(random, size)
    if random.random() < 0.5:
        return "".join(_permuted(text, random))
    unit = re.compile(r"[A-Za-z]+" if language == "en" else r"[^\n]+")
    return unit.sub(lambda found: "".join(_permuted(found[0], random)), text)


def shuffled_words(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """All words in any order, or those of each line. Chinese is cut into words of likely lengths."""
    text, space = real.passage(random, size), _SPACE[language]
    parts = [text] if random.random() < 0.5 else text.splitlines()
    return "\n".join(space.join(_permuted(_words(part, language, random), random)) for part in parts)


def _words(text: str, language: str, random: np.random.Generator) -> list[str]:
    found = _WORDS[language].findall(text)
    if language == "en":
        return found
    return [word for piece in found for word in (_cut(piece, random) if piece[0] >= "\u4e00" else [piece])]


def _cut(text: str, random: np.random.Generator) -> list[str]:
    """Chinese characters in pieces of ``WORD_LENGTHS``."""
    lengths = random.choice(list(WORD_LENGTHS), size=len(text), p=list(WORD_LENGTHS.values()))
    ends = [0, *np.cumsum(lengths)]
    return [text[start:end] for start, end in itertools.pairwise(ends) if start < len(text)]


def shuffled_lines(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """The lines of one to ``MOST_PASSAGES`` texts, wrapped at one width, in any order: sentences are torn."""
    count = int(random.integers(1, MOST_PASSAGES + 1))
    width = min(int(random.integers(*WIDTH[language])), size // LEAST_LINES)
    passages = [real.passage(random, size // count).replace("\n", _SPACE[language]) for _ in range(count)]
    return "\n".join(
        _permuted([line for text in passages for line in _wrapped(text, language, width)], random)
    )


def _wrapped(text: str, language: str, width: int) -> list[str]:
    """Lines of at most ``width`` characters, of whole words in English."""
    if language == "zh":
        return [text[at : at + width] for at in range(0, len(text), width)]
    return textwrap.wrap(text, width)


def _permuted(pieces: Sequence[str], random: np.random.Generator) -> list[str]:
    return [pieces[place] for place in random.permutation(len(pieces))]
