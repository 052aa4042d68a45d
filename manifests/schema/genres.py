"""The genre of a document, by what most of its lines are: a statute, a dialogue, a table, a list, a reference
of functions or verse are no junk for being no prose.

A genre only says by which rules a document is judged; nothing is kept for its genre alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

PROSE = "prose"
_MOST = 0.5
_FEWEST_LINES = 4
_GENRE_LINES = (
    ("statute", ("article_lines",), 0.25),
    ("dialogue", ("speech_lines", "question_lines"), _MOST),
    ("table", ("row_lines",), _MOST),
    ("list", ("item_lines",), 0.3),
    ("reference", ("field_lines",), 0.08),
)
"""Genres, the first that fits counts, with the lines that tell them and the least share of these."""
VERSE_LENGTH = (4.0, 60.0)
"""Code points in a line of verse, mean."""
VERSE_SPREAD = 0.4
"""Verse has lines of like length: their standard deviation by their mean, at most."""
EXPLAINED = 0.065
"""Grammatical characters among the Chinese ones, at least, of a reference that explains what it names."""
METRE_LENGTH, METRE_SPREAD = 8.5, 0.25
"""Chinese verse may be written without line breaks: its clauses are short and of like length."""


def genres(signals: Mapping[str, np.ndarray]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """The genre of each document, object [documents], by its ``signals``, float32 [documents] each."""
    lines = signals["lines"]
    found = np.full(len(lines), PROSE, object)
    mean = signals["mean_line_length"]
    lines_alike = signals["line_length_spread"] <= VERSE_SPREAD
    found[(mean >= VERSE_LENGTH[0]) & (mean <= VERSE_LENGTH[1]) & lines_alike & (lines >= _FEWEST_LINES)] = (
        "verse"
    )
    metre = signals["clause_length_spread"] <= METRE_SPREAD
    found[metre & (signals["mean_clause_length"] <= METRE_LENGTH)] = "verse"
    for genre, forms, least in reversed(_GENRE_LINES):
        share = sum(signals[form] for form in forms)
        chosen = (share >= np.float32(least)) & (lines >= _FEWEST_LINES)
        if genre == "reference":
            chosen &= ~(signals["function_characters"] < EXPLAINED)
        found[chosen] = genre
    return found
