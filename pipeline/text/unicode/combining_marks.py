"""Runs of combining marks, as the Stream-Safe Text Format of UAX 15 (section 13) bounds them. Normalisation
sorts the marks of a run by comparing each with those before it: hours for a run of some hundred kB."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import groupby

MOST_MARKS = 30
"""No word of any language has as many on a letter."""
_FIRST, _BEHIND = 0x300, 0x1F000
"""Where there are marks."""
JOINER = "\u034f"
"""COMBINING GRAPHEME JOINER, which no one sees, and no mark is sorted across."""


def stream_safe(text: str) -> str:
    """The text with a ``JOINER`` behind every ``MOST_MARKS`` marks in a row."""
    return _long_runs().sub(lambda run: run[0] + JOINER, text)


@cache
def _long_runs() -> re.Pattern[str]:
    marks = f"[{_marks()}]"
    return re.compile(f"{marks}{{{MOST_MARKS}}}(?={marks})")


def _marks() -> str:
    """Characters that do not start (canonical combining class, also of what they are decomposed to, is not
    0), as a class of a regular expression."""
    points = filter(_is_mark, map(chr, range(_FIRST, _BEHIND)))
    runs = (list(run) for _, run in groupby(enumerate(map(ord, points)), lambda pair: pair[1] - pair[0]))
    return "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs)


def _is_mark(character: str) -> bool:
    return unicodedata.combining(unicodedata.normalize("NFD", character)[0]) != 0
