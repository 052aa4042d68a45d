"""How good a place in a text is to cut it at: what ends there, and whether it lies in a code fence.

A level is one of the numbers below, and ``OUTSIDE`` more outside a fence. Blocks are told as for the
deduplication of paragraphs (``pipeline.text.similarity.blocks``): what is indented below a list item, what
follows a heading, and an answer belong to what is above them.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.blocks import (
    GLUE,
    LINES,
    MARK,
    enter_line,
    is_heading,
    is_overline,
    is_underline,
)
from pipeline.text.splitting.chapter_lines import begins_chapter
from pipeline.text.unicode.categories import SIZE, is_category

ANYWHERE, CHARACTER, WORD, SENTENCE, LINE, PARAGRAPH, BLANK, CHAPTER = range(1, 9)
"""Before any word; between two Chinese characters that may be parted; words; sentences, or lines that belong
to the one above; other lines; the lines of a paragraph; blank lines; chapters and headings."""
OUTSIDE = CHAPTER
LEVELS = CHAPTER + OUTSIDE + 1

NOT_FIRST, NOT_LAST = 1, 2
"""What may not begin a piece, where no white space is before it: marks that belong to the character before,
and closing punctuation. What may not end one: opening punctuation."""
_NEWLINE = 0x0A


@cache
def edges() -> np.ndarray:
    """uint8 [0x110000]: the flags of every code point. The array is shared; it is read-only."""
    table = np.zeros(SIZE, np.uint8)
    table[is_category("M", "Cf", "Pe", "Pf", "Po", "Pd", "Lm")] = NOT_FIRST
    table[is_category("Ps", "Pi")] = NOT_LAST
    table.flags.writeable = False
    return table


@kernel
def _is_underlined(data: np.ndarray, at: int, end: int) -> bool:
    """Whether the line below is an underline of this one."""
    below = at
    while below < end and data[below] != _NEWLINE:
        below += 1
    return bool(below + 1 < end and is_underline(data, below + 1, end, below - at))


@kernel
def _is_title(data: np.ndarray, at: int, end: int, blank: bool) -> bool:
    if is_heading(data, at, end) or begins_chapter(data, at, end, blank):
        return True
    return bool(blank and (is_overline(data, at, end) or _is_underlined(data, at, end)))


@kernel
def line_level(
    data: np.ndarray, at: int, end: int, indent: int, above: int, blank: bool, ended: bool, lower: bool,
    state: np.ndarray,
) -> int:  # fmt: skip
    """The level of the border above a line of prose, which must be given every line.

    Args:
        at: its first visible character. ``indent``: spaces and tabs before it. ``end`` of the text.
        above: end byte of the line above. ``blank``: a blank line is between. ``ended``: a sentence ends
            above. ``lower``: the line begins in lower case, as where it is wrapped.
        state: int64 [blocks.STATES], all 0 at first.
    """
    inside = state[MARK] != 0
    held = enter_line(data, at, end, indent, not blank, above, state)
    state[LINES] = 1 if (blank or ended) and not held else state[LINES] + 1
    if inside:
        return BLANK if blank else LINE
    title = _is_title(data, at, end, blank)
    if title:
        state[GLUE] = 1
    if held:
        return OUTSIDE + SENTENCE
    if title:
        return OUTSIDE + CHAPTER
    if blank:
        return OUTSIDE + BLANK
    if ended:
        return OUTSIDE + PARAGRAPH
    return OUTSIDE + (WORD if lower else LINE)


@kernel
def code_level(indent: int, blank: bool) -> int:
    """The level of the border above a line of program text: best before what is not indented."""
    if not blank:
        return OUTSIDE + LINE
    return OUTSIDE + (PARAGRAPH if indent else BLANK)


@kernel
def inner_level(before: int, behind: int, gap: bool, ended: bool, wide: bool) -> int:
    """The level of a border within a line, not counting fences.

    Args:
        before, behind: the flags of the characters on both sides in ``edges``. ``gap``: white space is
            between. ``ended``: a sentence ends before. ``wide``: full-width punctuation is before.
    """
    if before & NOT_LAST or (behind & NOT_FIRST and not gap):
        return ANYWHERE
    if ended:
        return SENTENCE
    return WORD if gap or wide else CHARACTER
