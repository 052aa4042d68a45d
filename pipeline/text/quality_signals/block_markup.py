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

_TILDE, _DASH, _PLUS, _PIPE, _DOT, _HASH, _NEW_LINE, _EQUALS = (
    0x7E, 0x2D, 0x2B, 0x7C, 0x2E, 0x23, 0x0A, 0x3D,
)  # fmt: skip
_LETTER_B, _LETTER_E, _LETTER_M, _BANG = ord("b"), ord("e"), ord("m"), ord("!")
_QUOTE, _BOX = 0x22, 0xE2
_SHORTEST = 3
"""Marks in a fence, a ruler or an underline, at least."""
_DEEPEST_HEADING = 6
_CODE_DIRECTIVES = np.array(
    [[*name.encode()] for name in ("code", "sour", "pars", "math", "toct", "doct", "test", "cons", "raw:")],
    np.uint8,
)
"""How the names of directives begin whose content is no prose: code-block, sourcecode, parsed-literal, math,
toctree, doctest, testcode, console, raw."""

BLOCKS = 6
_LITERAL, _TICKS, _TILDES, _UNCLOSED, _MATTER, _SOURCE = range(BLOCKS)
"""What is remembered of a document: the indentation of the line that opened a literal block, or -1; the
narrowest fence of each mark that nothing closes; bits for other blocks that nothing closes; its first byte;
what the line before was in a catalog (see ``catalogs``)."""
_WIDEST = 1 << 30


@kernel
def start(state: np.ndarray, begin: int) -> None:
    """Before the first line of a document."""
    state[_LITERAL], state[_TICKS], state[_TILDES] = -1, _WIDEST, _WIDEST
    state[_UNCLOSED], state[_MATTER], state[_SOURCE] = 0, begin, 0


@inlined
def line_end(data: np.ndarray, at: int, end: int) -> int:
    """Where the line's break is, or the end."""
    while at < end and data[np.uint64(at)] != _NEW_LINE:
        at += 1
    return at


@inlined
def _run(data: np.ndarray, at: int, stop: int, mark: int) -> int:
    """How often a byte stands here in a row."""
    first = at
    while at < stop and data[at] == mark:
        at += 1
    return at - first


@inlined
def _visible(data: np.ndarray, at: int, stop: int) -> int:
    """The first visible byte, or the line's end."""
    while at < stop and data[at] <= SPACE:
        at += 1
    return at


@kernel
def _blank_from(data: np.ndarray, at: int, stop: int) -> bool:
    return _visible(data, at, stop) == stop  # type: ignore[no-any-return]


@kernel
def _fence_end(data: np.ndarray, at: int, end: int, mark: int, width: int) -> int:
    """After the line that closes a fence, searched from a line's beginning, or -1."""
    while at < end:
        stop = line_end(data, at, end)
        first = _visible(data, at, stop)
        run = _run(data, first, stop, mark)
        if run >= width and _blank_from(data, first + run, stop):
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
    width = _run(data, first, stop, mark)
    known = _TICKS if mark == TICK else _TILDES
    if width < _SHORTEST or width >= state[known]:
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
    exact = stop - first == _SHORTEST and _run(data, first, stop, mark) == _SHORTEST
    if not exact or until(data, key, line_end(data, key, end), named, -1) < 0:
        return -1
    return _fence_end(data, key, end, mark, _SHORTEST)  # type: ignore[no-any-return]


@kernel
def _pair(data: np.ndarray, first: int, stop: int, end: int, state: np.ndarray) -> int:
    """The block that two bytes open and two others close on a later line: a displayed formula or a
    comment."""
    one, two = data[first], data[first + 1]
    if one == DOLLAR and two == DOLLAR:
        bit, last, behind = 1, DOLLAR, DOLLAR
    elif one == BACKSLASH and two == BRACKET:
        bit, last, behind = 2, BACKSLASH, CLOSE_BRACKET
    elif one == BACKSLASH and two == _LETTER_B:
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
def _is_ruler(data: np.ndarray, first: int, stop: int) -> bool:
    """Only one mark of ASCII, at least thrice, and spaces between."""
    mark, number = data[first], 0
    if not (0x21 <= mark <= 0x2F or 0x3A <= mark <= 0x40 or 0x5B <= mark <= TICK or 0x7B <= mark <= _TILDE):
        return False
    for at in range(first, stop):
        if data[at] == mark:
            number += 1
        elif data[at] > SPACE:
            return False
    return number >= _SHORTEST


@kernel
def _is_row(data: np.ndarray, first: int, stop: int) -> bool:
    """A row of a table between pipes, or the border of a grid, in ASCII or box drawing (from U+2500 on)."""
    if data[first] == _BOX:
        return first + 1 < stop and (data[first + 1] == 0x94 or data[first + 1] == 0x95)
    if data[first] == _PLUS:
        return first + 1 < stop and (data[first + 1] == _DASH or data[first + 1] == _EQUALS)
    last = stop - 1
    while last > first and data[last] <= SPACE:
        last -= 1
    return data[first] == _PIPE and last > first and data[last] == _PIPE


@kernel
def _is_definition(data: np.ndarray, first: int, stop: int) -> bool:
    """The target of a link: [name]: address."""
    behind = until(data, first + 1, stop, CLOSE_BRACKET, BRACKET)
    return behind >= 0 and behind < stop and data[behind] == COLON  # type: ignore[no-any-return]


@kernel
def _holds_code(data: np.ndarray, first: int, stop: int) -> bool:
    """Whether the directive that begins at a byte holds no prose."""
    name = _visible(data, first + 2, stop)
    for k in range(_CODE_DIRECTIVES.shape[0]):
        same = name + 4 <= stop
        for j in range(4):
            same = same and data[name + j] == _CODE_DIRECTIVES[k, j]
        if same:
            return True
    return False


@kernel
def _is_directive(data: np.ndarray, first: int, stop: int) -> bool:
    return stop - first > 2 and data[first + 1] == _DOT and data[first + 2] == SPACE


@kernel
def _is_source(data: np.ndarray, first: int, stop: int, state: np.ndarray) -> bool:
    """A line of gettext's PO files that has no translation."""
    kind = catalog_line(data, first, stop, state[_SOURCE])
    state[_SOURCE] = kind
    if kind == TRANSLATION:
        return content_at(data, first, stop) == stop or is_literal(data, first, stop)  # type: ignore[no-any-return]
    return kind in (NO_MESSAGE, MESSAGE, HEADER, PLACE)


@kernel
def aside_until(data: np.ndarray, at: int, stop: int, end: int, state: np.ndarray) -> int:
    """Where the block that begins with the line ``at <= k < stop`` ends, after its last line's break, if it
    is no prose; else -1. Lines are asked for in order, by ``state`` from ``start``."""
    first = _visible(data, at, stop)
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
    elif byte in (TICK, _TILDE):
        block = _fence(data, first, stop, end, state)
    elif first + 1 < stop and byte in (DOLLAR, BACKSLASH, LESS):
        block = _pair(data, first, stop, end, state)
    if block >= 0:
        return block
    if byte == _DOT and _is_directive(data, first, stop):
        state[_LITERAL] = first - at if _holds_code(data, first, stop) else -1
        return after
    if stop - first > 2 and data[stop - 1] == COLON and data[stop - 2] == COLON:
        state[_LITERAL] = first - at if _blank_from(data, after, line_end(data, after, end)) else -1
    row = byte in (_PIPE, _PLUS, _BOX) and _is_row(data, first, stop)
    definition = byte == BRACKET and _is_definition(data, first, stop)
    return after if row or definition or _is_ruler(data, first, stop) else -1


@kernel
def content(data: np.ndarray, at: int, stop: int) -> int:
    """Behind the marks of a heading, a quotation or a translation with which a line begins."""
    first = _visible(data, at, stop)
    if is_translation(data, first, stop):
        return content_at(data, first, stop)  # type: ignore[no-any-return]
    if first < stop and data[first] == _HASH:
        width = _run(data, first, stop, _HASH)
        behind = first + width
        heading = width <= _DEEPEST_HEADING and behind < stop and data[behind] <= SPACE
        return _visible(data, behind, stop) if heading else at
    while first < stop and data[first] == MORE:
        at = first = _visible(data, first + 1, stop)
    return at
