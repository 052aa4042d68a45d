"""Finders for plug-ins, made from regular expressions that are matched in linear time (RE2, as Arrow has
it)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text.arrow.buffers import text_buffers

_OPENING, _CLOSING = 0xFE, 0xFF  # bytes that no UTF-8 has
_MARKED = bytes((_OPENING, *rb"\0", _CLOSING))
_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", re.DOTALL)
_UNBOUNDED = re.compile(r"[*+]|\{\d+,\}")


@dataclass(frozen=True)
class _ExpressionFinder:
    expression: str

    def __call__(self, texts: pa.StringArray) -> np.ndarray:
        """int64 [matches, 3]: text, first byte and end."""
        marked = text_buffers(pc.replace_substring_regex(texts, self.expression, _MARKED))
        begin = marked.offsets[0]
        data = marked.data[begin : marked.offsets[-1]]
        starts, ends = np.flatnonzero(data == _OPENING), np.flatnonzero(data == _CLOSING)
        rows = np.searchsorted(marked.offsets - begin, starts, side="right") - 1
        marks_before = 2 * np.arange(len(starts))
        offsets = text_buffers(texts).offsets
        first_bytes = offsets[rows] - offsets[0]
        spans = np.stack(
            [rows, starts - marks_before - first_bytes, ends - marks_before - 1 - first_bytes], axis=1
        )
        return spans[spans[:, 1] < spans[:, 2]]


def finder_of(expression: str) -> _ExpressionFinder:
    """A finder of all matches, from left to right and without overlap.

    Args:
        expression: RE2 syntax. Repetitions must be bounded: one search is linear in any case, but a search
        that
            runs to the text's end for every match is not.

    Raises:
        ValueError: it is no RE2 expression, or repeats something without a bound.
    """
    pc.replace_substring_regex(pa.array([""]), expression, "")
    if _UNBOUNDED.search(_ESCAPE_OR_CLASS.sub("x", expression)):
        raise ValueError(
            f"expression {expression!r} repeats without a bound; write {{1,20}} instead of + or *"
        )
    return _ExpressionFinder(expression)
