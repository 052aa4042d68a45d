"""Junk that has all of a text's pieces in a wrong order."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

import numpy as np

from pipeline.judge.junk.real_text import RealText

MOST_PASSAGES = 6
WIDTH = {"en": (24, 90), "zh": (10, 40)}
"""Characters of the lines that a text is wrapped at: narrow columns to wide pages."""
_WORDS = {"en": re.compile(r"\S+"), "zh": re.compile(r"[\u4e00-\u9fff]{1,3}|[A-Za-z0-9]+|\S")}
_SPACE = {"en": " ", "zh": ""}


def shuffled_characters(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """All characters in any order, or those of each word (in Chinese: line)."""
    text = real.passage(random, size)
    if random.random() < 0.5:
        return "".join(_permuted(text, random))
    unit = re.compile(r"[A-Za-z]+" if language == "en" else r"[^\n]+")
    return unit.sub(lambda found: "".join(_permuted(found[0], random)), text)


def shuffled_words(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """All words in any order, or those of each line; Chinese words are taken to be of three characters."""
    text, words, space = real.passage(random, size), _WORDS[language], _SPACE[language]
    if random.random() < 0.5:
        return space.join(_permuted(words.findall(text), random))
    return "\n".join(space.join(_permuted(words.findall(line), random)) for line in text.splitlines())


def shuffled_lines(real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """The lines of one to ``MOST_PASSAGES`` texts, wrapped at one width, in any order: sentences are torn."""
    count = int(random.integers(1, MOST_PASSAGES + 1))
    width = int(random.integers(*WIDTH[language]))
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
