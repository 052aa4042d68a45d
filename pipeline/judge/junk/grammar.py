"""Junk that is filled in: lines of patterns whose ``{slots}`` take words from lists. The lists are the
project's own and stand beside this file; no rule reads them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.judge.junk.made_up import MADE_UP
from pipeline.judge.junk.obfuscation import obfuscated
from pipeline.judge.junk.real_text import RealText

MOST_PATTERNS = 8
_SLOT = re.compile(r"\{(\w+)\}")
_DEPTH = 3
"""Slots within the words of slots are filled, too."""


@dataclass(frozen=True)
class Grammar:
    """One kind of junk in one language: what its lines are filled from, as its YAML file says.

    Attributes:
        few: how many of a slot's words one document uses.
        patterns: how many of the lines one document uses; any number to ``MOST_PATTERNS`` where it is 0.
        obfuscate: share of documents whose words are disguised.
        stolen: share of lines that are real text, in half of the documents.
    """

    lines: Sequence[str]
    separators: Sequence[str]
    slots: Mapping[str, Sequence[str]]
    few: Mapping[str, int] = field(default_factory=dict)
    patterns: int = 0
    obfuscate: float = 0
    stolen: float = 0


@functools.cache
def grammar(kind: str, language: str) -> Grammar:
    """The grammar of a kind in a language."""
    text = Path(__file__).with_name(f"{language}.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    own = data[kind]
    return Grammar(**own | {"slots": data["slots"] | own["slots"]})


def filled(kind: str, real: RealText, language: str, random: np.random.Generator, size: int) -> str:
    """A document of about ``size`` characters."""
    rules = grammar(kind, language)
    fill = _filler(_own_words(rules, random), real, language, random)
    count = rules.patterns or int(random.integers(2, MOST_PATTERNS + 1))
    patterns = [rules.lines[place] for place in random.permutation(len(rules.lines))[:count]]
    stolen = rules.stolen * (random.random() < 0.5)
    separator = _one(rules.separators, random)
    disguise = random.random() < rules.obfuscate
    lines, length = [], 0
    while length < size:
        line = real.sentence(random) if random.random() < stolen else fill(_one(patterns, random))
        lines.append(obfuscated(line, language, random) if disguise else line)
        length += len(line) + len(separator)
    return separator.join(lines)


def _own_words(rules: Grammar, random: np.random.Generator) -> dict[str, Sequence[str]]:
    """The words of each slot that one document uses."""
    return {
        slot: [words[place] for place in random.permutation(len(words))[: rules.few.get(slot, len(words))]]
        for slot, words in rules.slots.items()
    }


def _filler(
    slots: Mapping[str, Sequence[str]], real: RealText, language: str, random: np.random.Generator
) -> Callable[[str], str]:
    def word(found: re.Match[str]) -> str:
        slot = found[1]
        if slot in slots:
            return str(_one(slots[slot], random))
        if slot == "title":
            return real.title(random)
        return MADE_UP[slot](random) if slot in MADE_UP else found[0]

    def fill(pattern: str) -> str:
        for _ in range(_DEPTH):
            pattern = _SLOT.sub(word, pattern)
        return pattern

    return fill


def _one(words: Sequence[str], random: np.random.Generator) -> str:
    return words[int(random.integers(len(words)))]
