"""Which lines of Markdown and reStructuredText are no prose.

A block that nothing closes is text: what is set aside must have an end, or a stray mark would hide a whole
document from its judges.
"""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.quality_signals.catalogs import (
    HEADER,
    MESSAGE,
    NO_MESSAGE,
    PLACE,
    TRANSLATION,
    catalog_line,
    content_at,
    is_literal,
    is_translation,
)
from pipeline.text.quality_signals.inline_markup import (
    BACKSLASH,
    BRACKET,
    CLOSE_BRACKET,
    COLON,
    DOLLAR,
    LESS,
    MORE,
    SPACE,
    TICK,
    until,
)
from pipeline.text.quality_signals.line_markup import (
    SHORTEST,
    behind_item,
    behind_quotation,
    holds_code,
    is_definition,
    is_directive,
    is_environment,
    is_row,
    is_rule_of_comment,
    is_ruler,
    is_template_tag,
    run_of,
    visible_from,
)
from pipeline.text.quality_signals.listings import (
    indented_end,
    is_indented,
    may_be_program,
    preformatted_end,
    program_end,
)

_TILDE, _DASH, _PLUS, _PIPE, _DOT, _HASH, _NEW_LINE, _EQUALS, _CURLY, _PERCENT = (
    ord(mark) for mark in "~-+|.#\n={%"
)
_LETTER_B, _LETTER_E, _LETTER_M, _BANG = ord("b"), ord("e"), ord("m"), ord("!")
_QUOTE, _BOX = 0x22, 0xE2
_DEEPEST_HEADING = 6

BLOCKS = 7
_LITERAL, _TICKS, _TILDES, _UNCLOSED, _MATTER, _SOURCE, _BEFORE = range(BLOCKS)
"""What is remembered of a document: the indentation of the line that opened a literal block, or -1; the
narrowest fence of each mark that nothing closes; bits for other blocks that nothing closes; its first byte;
what the line before was in a catalog (see ``catalogs``); where the last line of text began."""
_PREFORMATTED = 16
_ITEMS = np.isin(np.arange(256), [*b"-*+0123456789"])
_WIDEST = 1 << 30


@kernel
def start(state: np.ndarray, begin: int) -> None:
    """Before the first line of a document."""
    state[_LITERAL], state[_TICKS], state[_TILDES] = -1, _WIDEST, _WIDEST
    state[_UNCLOSED], state[_MATTER], state[_SOURCE], state[_BEFORE] = 0, begin, 0, begin


@inlined
def line_end(data: np.ndarray, at: int, end: int) -> int:
    """Where the line's break is, or the end."""
    while at < end and data[np.uint64(at)] != _NEW_LINE:
        at += 1
    return at


@kernel
def _blank_from(data: np.ndarray, at: int, stop: int) -> bool:
    return visible_from(data, at, stop) == stop  # type: ignore[no-any-return]


@kernel
def _fence_end(data: np.ndarray, at: int, end: int, mark: int, width: int) -> int:
    """After the line that closes a fence, searched from a line's beginning, or -1."""
    while at < end:
        stop = line_end(data, at, end)
        first = visible_from(data, at, stop)
        first = behind_quotation(data, first, stop)
        marks = run_of(data, first, stop, mark)
        if marks >= width and _blank_from(data, first + marks, stop):
            return min(stop + 1, end)  # type: ignore[no-any-return]
        at = stop + 1
    return -1


@kernel
def _pair_end(data: np.ndarray, at: int, end: int, one: int, two: int) -> int:
    """After the line in which two bytes stand in a row, or -1."""
    while at + 1 < end:
        if data[np.uint64(at)] == one and data[np.uint64(at + 1)] == two:
            return min(line_end(data, at, end) + 1, end)  # type: ignore[no-any-return]
        at += 1
    return -1


@kernel
def _fence(data: np.ndarray, first: int, stop: int, end: int, state: np.ndarray) -> int:
    mark = data[first]
    width = run_of(data, first, stop, mark)
    known = _TICKS if mark == TICK else _TILDES
    if width < SHORTEST or width >= state[known]:
        return -1
    if mark == TICK and until(data, first + width, stop, TICK, -1) >= 0:
        return -1
    behind = _fence_end(data, stop + 1, end, mark, width)
    if behind < 0:
        state[known] = width
    return behind  # type: ignore[no-any-return]


@kernel
def _front_matter(data: np.ndarray, first: int, stop: int, end: int) -> int:
    """YAML between ---, or TOML between +++, whose first line has a key."""
    mark = data[first]
    key, named = stop + 1, COLON if mark == _DASH else _EQUALS
    exact = stop - first == SHORTEST and run_of(data, first, stop, mark) == SHORTEST
    if not exact or until(data, key, line_end(data, key, end), named, -1) < 0:
        return -1
    return _fence_end(data, key, end, mark, SHORTEST)  # type: ignore[no-any-return]


@kernel
def _pair(data: np.ndarray, first: int, stop: int, end: int, state: np.ndarray) -> int:
    """The block that two bytes open and two others close on a later line: a displayed formula, a table or
    listing of LaTeX, or a comment."""
    one, two = data[first], data[first + 1]
    if one == DOLLAR and two == DOLLAR:
        bit, last, behind = 1, DOLLAR, DOLLAR
    elif one == BACKSLASH and two == BRACKET:
        bit, last, behind = 2, BACKSLASH, CLOSE_BRACKET
    elif one == BACKSLASH and two == _LETTER_B and is_environment(data, first, stop):
        bit, last, behind = 4, BACKSLASH, _LETTER_E
    elif one == LESS and two == _BANG:
        bit, last, behind = 8, _DASH, MORE
    else:
        return -1
    if state[_UNCLOSED] & bit or _pair_end(data, first + 2, stop, last, behind) >= 0:
        return -1
    after = _pair_end(data, stop, end, last, behind)
    if after < 0:
        state[_UNCLOSED] |= bit
    return after  # type: ignore[no-any-return]


@kernel
def _is_source(data: np.ndarray, first: int, stop: int, state: np.ndarray) -> bool:
    """A line of gettext's PO files that has no translation."""
    kind = catalog_line(data, first, stop, state[_SOURCE])
    state[_SOURCE] = kind
    if kind == TRANSLATION:
        return content_at(data, first, stop) == stop or is_literal(data, first, stop)  # type: ignore[no-any-return]
    return kind in (NO_MESSAGE, MESSAGE, HEADER, PLACE)


@kernel
def _block(data: np.ndarray, first: int, stop: int, end: int, state: np.ndarray) -> int:
    """After the block that its marks open here and close, or -1."""
    byte = data[first] if first < stop else np.uint8(SPACE)
    if byte in (TICK, _TILDE):
        return _fence(data, first, stop, end, state)  # type: ignore[no-any-return]
    if first + 1 < stop and byte in (DOLLAR, BACKSLASH, LESS):
        block = _pair(data, first, stop, end, state)
        if block < 0 and byte == LESS and not state[_UNCLOSED] & _PREFORMATTED:
            block = preformatted_end(data, first, end)
            if block == 0:
                state[_UNCLOSED] |= _PREFORMATTED
        return block if block > 0 else -1
    return -1


@kernel
def _unfenced(data: np.ndarray, at: int, first: int, stop: int, end: int, state: np.ndarray) -> int:
    """After the listing that begins with the line without a mark, or -1."""
    if is_indented(data, at, first):
        block = indented_end(data, at, end, state[_BEFORE])
        if block >= 0:
            return block  # type: ignore[no-any-return]
    last = stop - 1
    while last > first and data[last] <= SPACE:
        last -= 1
    return program_end(data, at, end) if may_be_program(data, first, last) else -1


@kernel
def aside_until(data: np.ndarray, at: int, stop: int, end: int, state: np.ndarray) -> int:
    """Where the block that begins with the line ``at <= k < stop`` ends, after its last line's break, if it
    is no prose; else -1. Lines are asked for in order, by ``state`` from ``start``."""
    whole = first = visible_from(data, at, stop)
    if first == stop:
        return -1
    after = min(stop + 1, end)
    if state[_LITERAL] >= 0:
        if first - at > state[_LITERAL]:
            return after
        state[_LITERAL] = -1
    byte, block = data[first], -1
    if (byte in (_QUOTE, _HASH, _LETTER_M) or state[_SOURCE]) and _is_source(data, first, stop, state):
        return after
    if at == state[_MATTER] and byte in (_DASH, _PLUS):
        block = _front_matter(data, first, stop, end)
    else:
        first = behind_quotation(data, first, stop)
        if first == stop:
            return -1
        inner = behind_item(data, first, stop) if _ITEMS[data[first]] else first
        block = _block(data, inner, stop, end, state)
    if block < 0:
        block = _unfenced(data, at, whole, stop, end, state)
    if block >= 0:
        return block  # type: ignore[no-any-return]
    byte = data[first]
    if byte == _DOT and is_directive(data, first, stop):
        state[_LITERAL] = first - at if holds_code(data, first, stop) else -1
        return after
    if stop - first > 2 and data[stop - 1] == COLON and data[stop - 2] == COLON:
        state[_LITERAL] = first - at if _blank_from(data, after, line_end(data, after, end)) else -1
    row = byte in (_PIPE, _PLUS, _BOX) and is_row(data, first, stop)
    definition = byte == BRACKET and is_definition(data, first, stop)
    tag = byte == _CURLY and is_template_tag(data, first, stop)
    rule = byte in (_HASH, _PERCENT) and is_rule_of_comment(data, first, stop)
    if row or definition or tag or rule or is_ruler(data, first, stop):
        return after
    state[_BEFORE] = at
    return -1


@kernel
def content(data: np.ndarray, at: int, stop: int) -> int:
    """Behind the marks of a heading, a quotation or a translation with which a line begins."""
    first = visible_from(data, at, stop)
    if is_translation(data, first, stop):
        return content_at(data, first, stop)  # type: ignore[no-any-return]
    if first < stop and data[first] == _HASH:
        width = run_of(data, first, stop, _HASH)
        behind = first + width
        heading = width <= _DEEPEST_HEADING and behind < stop and data[behind] <= SPACE
        return visible_from(data, behind, stop) if heading else at
    while first < stop and data[first] == MORE:
        at = first = visible_from(data, first + 1, stop)
    return at
