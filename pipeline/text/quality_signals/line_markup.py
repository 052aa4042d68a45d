"""Which single lines of Markdown and reStructuredText are no prose: rulers, rows of tables, definitions of
links, directives, template tags; and the marks with which lines begin."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.quality_signals.fixed_names import any_stands_at
from pipeline.text.quality_signals.inline_markup import (
    BRACKET,
    CLOSE_BRACKET,
    COLON,
    MORE,
    SPACE,
    TICK,
    until,
)

_TILDE, _DASH, _PLUS, _PIPE, _DOT, _EQUALS, _STAR, _PERCENT, _CURLY, _CURLY_END = (
    ord(mark) for mark in "~-+|.=*%{}"
)
_BOX = 0xE2
SHORTEST = 3
"""Marks in a fence, a ruler or an underline, at least."""
_CODE_DIRECTIVES = np.array(
    [[*name.encode()] for name in ("code", "sour", "pars", "math", "toct", "doct", "test", "cons", "raw:")],
    np.uint8,
)
"""How the names of directives begin whose content is no prose: code-block, sourcecode, parsed-literal, math,
toctree, doctest, testcode, console, raw."""

_ENVIRONMENTS = np.array(
    [
        [*name]
        for name in (
            b"equa eqna alig xali flal gath mult spli sube case dcas rcas arra matr pmat bmat Bmat vmat "
            b"Vmat smal math disp IEEE tabu tabl long figu wrap tikz pgfp pict axis scop verb Verb lstl mint "
            b"code algo fore file comm"
        ).split()
    ],
    np.uint8,
)
"""How the names of LaTeX's environments begin that hold formulas, tables, pictures or program text."""


@inlined
def run_of(data: np.ndarray, at: int, stop: int, mark: int) -> int:
    """How often a byte stands here in a row."""
    first = at
    while at < stop and data[at] == mark:
        at += 1
    return at - first


@inlined
def visible_from(data: np.ndarray, at: int, stop: int) -> int:
    """The first visible byte, or the line's end."""
    while at < stop and data[at] <= SPACE:
        at += 1
    return at


@kernel
def is_rule_of_comment(data: np.ndarray, first: int, stop: int) -> bool:
    """Behind the mark of a comment (``#``, ``%``) a ruler, of ASCII or of box drawing: it sets off what the
    comments say."""
    inner = visible_from(data, first + 1, stop)
    if inner == stop:
        return False
    box = data[inner] == _BOX and is_row(data, inner, stop)
    return box or (data[inner] != data[first] and is_ruler(data, inner, stop))  # type: ignore[no-any-return]


@kernel
def is_ruler(data: np.ndarray, first: int, stop: int) -> bool:
    """Only one mark of ASCII, at least thrice, and spaces between."""
    mark, number = data[first], 0
    if not (0x21 <= mark <= 0x2F or 0x3A <= mark <= 0x40 or 0x5B <= mark <= TICK or 0x7B <= mark <= _TILDE):
        return False
    for at in range(first, stop):
        if data[at] == mark:
            number += 1
        elif data[at] > SPACE:
            return False
    return number >= SHORTEST


@kernel
def is_row(data: np.ndarray, first: int, stop: int) -> bool:
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
def is_definition(data: np.ndarray, first: int, stop: int) -> bool:
    """The target of a link: [name]: address."""
    behind = until(data, first + 1, stop, CLOSE_BRACKET, BRACKET)
    return behind >= 0 and behind < stop and data[behind] == COLON  # type: ignore[no-any-return]


@kernel
def holds_code(data: np.ndarray, first: int, stop: int) -> bool:
    """Whether the directive that begins at a byte holds no prose."""
    name = visible_from(data, first + 2, stop)
    return any_stands_at(_CODE_DIRECTIVES, data, name, stop)  # type: ignore[no-any-return]


@kernel
def is_environment(data: np.ndarray, first: int, stop: int) -> bool:
    """Whether ``\\begin{name}``, which begins at a byte, opens what is no prose. Abstracts, lists,
    quotations and whole documents are environments, too."""
    name = first + len(b"\\begin{")
    return any_stands_at(_ENVIRONMENTS, data, name, stop)  # type: ignore[no-any-return]


@kernel
def is_directive(data: np.ndarray, first: int, stop: int) -> bool:
    """Whether a line that begins with a mark is a directive of reST: ``.. `` and a name."""
    return stop - first > 2 and data[first + 1] == _DOT and data[first + 2] == SPACE


@kernel
def is_template_tag(data: np.ndarray, first: int, stop: int) -> bool:
    """A line that is a tag of Hugo, Jinja or Liquid: {{ ... }} or {% ... %}."""
    last = stop - 1
    while last > first and data[last] <= SPACE:
        last -= 1
    if last - first < 4 or data[last] != _CURLY_END:
        return False
    second = data[first + 1]
    return (second == _CURLY and data[last - 1] == _CURLY_END) or (  # type: ignore[no-any-return]
        second == _PERCENT and data[last - 1] == _PERCENT
    )


@kernel
def behind_quotation(data: np.ndarray, first: int, stop: int) -> int:
    """Behind the marks of a quotation with which a line begins."""
    while first < stop and data[first] == MORE:
        first = visible_from(data, first + 1, stop)
    return first


@kernel
def behind_item(data: np.ndarray, first: int, stop: int) -> int:
    """Behind the mark or number of a list's item with which a line begins."""
    at = first + 1
    if 0x30 <= data[first] <= 0x39:
        while at < stop and 0x30 <= data[at] <= 0x39:
            at += 1
        at += at < stop and data[at] == _DOT
    elif data[first] not in (_DASH, _STAR, _PLUS):
        return first
    return visible_from(data, at, stop) if at < stop and data[at] == SPACE else first
