"""A document as datatrove's filters and as our signals see it, and how often its pieces repeat."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.pipeline.text.quality_signals import reference

# From here on there are characters that are words, or break them, without white space.
WIDE = re.compile("[\u2e80-\U0010ffff]")
NOT_IN_NAMES = re.compile("[^a-z0-9]")


def name(run: str) -> str:
    """A word as our signals know it: in lower case and without punctuation."""
    return NOT_IN_NAMES.sub("", run.lower()) if run.isascii() else "".join(map(chr, reference._word(run)))


@dataclass(frozen=True)
class Document:
    """A text, datatrove's ``row`` for it, and what the chains share."""

    text: str
    row: dict[str, Any]

    @property
    def tokens(self) -> list[str]:
        """datatrove's words."""
        return self.row["words"]

    @cached_property
    def runs(self) -> list[str]:
        wide = WIDE.search(self.text)
        return [run for _, run in reference._runs(self.text)] if wide else self.text.split()

    @cached_property
    def names(self) -> list[str]:
        """Our words, in lower case and without punctuation."""
        return [name for name in map(name, self.runs) if name]

    @cached_property
    def characters(self) -> int:
        return sum(map(len, self.names))

    @cached_property
    def lines(self) -> list[str]:
        """Our lines: none blank, without white space behind."""
        return [line.rstrip() for line in self.text.split("\n") if line.strip()]

    @cached_property
    def paragraphs(self) -> list[list[str]]:
        """Our paragraphs, as their lines."""
        groups = itertools.groupby((line.rstrip() for line in self.text.split("\n")), key=bool)
        return [list(lines) for full, lines in groups if full]


def share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def repeated(items: Sequence[Hashable], sizes: Sequence[int], characters: bool) -> int:
    """How many items stood before, or their characters."""
    seen: set[Hashable] = set()
    found = 0
    for item, size in zip(items, sizes, strict=True):
        found += (size if characters else 1) if item in seen else 0
        seen.add(item)
    return found


def again(items: list[str], names: Sequence[Hashable], characters: bool, whole: float) -> float:
    """Share of the items whose name stood before; of characters among ``whole``."""
    return share(
        repeated(names, [len(item) for item in items], characters), whole if characters else len(items)
    )


def greedy(words: list[str], n: int) -> int:
    """datatrove's count: behind a repeated n-gram it goes on with the word after it, and notes none that
    overlaps it."""
    seen, characters, at = set(), 0, 0
    while at + n <= len(words):
        gram = "".join(words[at : at + n])
        characters += len(gram) if gram in seen else 0
        at += n if gram in seen else 1
        seen.add(gram)
    return characters


def most_frequent(words: list[str], n: int) -> int:
    grams = Counter(" ".join(words[at : at + n]) for at in range(len(words) - n + 1))
    return len(grams.most_common(1)[0][0]) * grams.most_common(1)[0][1] if grams else 0
