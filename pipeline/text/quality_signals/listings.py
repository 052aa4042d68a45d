"""Program text among prose that nothing fences: runs of lines as programs have them, what is indented behind
a line of Chinese, and ``<pre>``.

A listing is told by three lines of program text that are near each other. Sentences may have brackets and
semicolons, but no three of them end as statements do.
"""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.quality_signals.inline_markup import COLON, LESS, SPACE, is_letter

_FEWEST = 3
"""Lines of program text in a listing, at least."""
_INDENTED = 4
"""Columns of white space before what Markdown takes for code."""
_LONGEST = 120
"""Bytes of a line between two of program text, at most."""
_TAB, _NEW_LINE, _OPEN, _CLOSE, _SEMICOLON, _EQUALS, _FULL_STOP, _COMMA = (ord(mark) for mark in "\t\n();=.,")
_CURLY, _CURLY_END, _PROMPT, _MORE, _QUOTE = (ord(mark) for mark in '{}$>"')
_SLASH, _BEFORE_WORDS = ord("/"), (ord('"'), ord("'"), ord("#"))
"""Behind a quotation mark or that of a comment a program has words of any script."""
_PROSE, _BETWEEN, _PROGRAM = range(3)
_MARKS = np.isin(np.arange(256), [*b"=(){}[]<>;|$\\/_#"])
"""What lines between two of program text have one of."""
_BEFORE_BLOCK = np.array(
    [
        [*name]
        for name in (
            b"def ",
            b"clas",
            b"if \0",
            b"for ",
            b"whil",
            b"else",
            b"try:",
            b"exce",
            b"with",
            b"elif",
        )
    ],
    np.uint8,
)
"""How lines of Python begin that end in a colon; 0 is any byte."""


@inlined
def _line_end(data: np.ndarray, at: int, end: int) -> int:
    while at < end and data[np.uint64(at)] != _NEW_LINE:
        at += 1
    return at


@kernel
def _bounds(data: np.ndarray, at: int, stop: int) -> tuple[int, int]:
    """The first visible byte of a line, or its end, and its last visible one."""
    while at < stop and data[at] <= SPACE:
        at += 1
    last = stop - 1
    while last > at and data[last] <= SPACE:
        last -= 1
    return at, last


@kernel
def _opens_block(data: np.ndarray, first: int, last: int) -> bool:
    for k in range(_BEFORE_BLOCK.shape[0]):
        same = first + _BEFORE_BLOCK.shape[1] <= last + 1
        for j in range(_BEFORE_BLOCK.shape[1]):
            same = same and (_BEFORE_BLOCK[k, j] == 0 or data[first + j] == _BEFORE_BLOCK[k, j])
        if same:
            return True
    return False


@kernel
def may_be_program(data: np.ndarray, first: int, last: int) -> bool:
    """Whether it is worth while to look at a line, by its first and last visible bytes."""
    end, begin = data[last], data[first]
    return (
        end in (_SEMICOLON, _CURLY, _CURLY_END, _CLOSE)
        or begin in (_PROMPT, _CURLY_END)
        or (end == COLON and is_letter(begin))
        or (begin == _MORE and first + 2 < last and data[first + 2] == _MORE)
    )


@kernel
def _kind(data: np.ndarray, first: int, last: int, indented: bool) -> int:
    """``_PROGRAM`` for a line that ends as statements do, or begins with a prompt; ``_BETWEEN`` for one that
    may stand between two of these."""
    assigns = calls = marked = quoted = False
    for at in range(first, last + 1):
        byte = data[at]
        quoted |= byte in _BEFORE_WORDS or (byte == _SLASH and at > first and data[at - 1] == _SLASH)
        if byte >= 0x80 and not quoted:
            return _PROSE
        assigns |= byte == _EQUALS
        calls |= byte == _OPEN and at > first and is_letter(data[at - 1])
        marked |= _MARKS[byte]
    end, begin = data[last], data[first]
    if begin in (_PROMPT, _MORE):
        return _PROGRAM if data[first + 1] == (SPACE if begin == _PROMPT else _MORE) else _BETWEEN
    if end in (_CURLY, _CURLY_END) or begin == _CURLY_END:
        return _PROGRAM
    if end in (_SEMICOLON, _CLOSE):
        return _PROGRAM if assigns or calls else _BETWEEN
    if end == COLON:
        return _PROGRAM if _opens_block(data, first, last) else _BETWEEN
    marked |= indented or begin == _QUOTE
    return _BETWEEN if marked and end != _FULL_STOP and last - first < _LONGEST else _PROSE


@kernel
def program_end(data: np.ndarray, at: int, end: int) -> int:
    """After the last line of the listing that begins with the line at a byte, or -1."""
    behind, number = -1, 0
    while at < end:
        stop = _line_end(data, at, end)
        first, last = _bounds(data, at, stop)
        kind = _kind(data, first, last, first > at) if first < stop else _BETWEEN
        if kind == _PROSE or kind + number == _BETWEEN:
            break
        number += kind == _PROGRAM
        behind = min(stop + 1, end) if kind == _PROGRAM else behind
        at = stop + 1
    return behind if number >= _FEWEST else -1


@kernel
def is_indented(data: np.ndarray, at: int, first: int) -> bool:
    """Whether a line begins as code does in Markdown."""
    return first - at >= _INDENTED or (first > at and data[at] == _TAB)


@kernel
def _is_ascii(data: np.ndarray, at: int, stop: int) -> bool:
    while at < stop and data[at] < 0x80:
        at += 1
    return at == stop


@kernel
def indented_end(data: np.ndarray, at: int, end: int, before: int) -> int:
    """After the last indented line of ASCII from a byte on, or -1; ``before`` is where the text's last line
    begins, which has to have another script, and a blank line behind it."""
    stop = _line_end(data, before, at)
    behind = -1
    if before == at or stop + 1 >= at or _is_ascii(data, before, stop):
        return behind
    while at < end:
        stop = _line_end(data, at, end)
        first, _ = _bounds(data, at, stop)
        if first < stop:
            if not is_indented(data, at, first) or not _is_ascii(data, first, stop):
                break
            behind = min(stop + 1, end)
        at = stop + 1
    return behind


@kernel
def preformatted_end(data: np.ndarray, first: int, end: int) -> int:
    """After the line that closes ``<pre>``, 0 where nothing does, or -1 where none begins at a byte."""
    if first + 4 >= end or data[first] != LESS or not _says_pre(data, first + 1):
        return -1
    at = first + 4
    while at + 4 < end:
        if data[np.uint64(at)] == LESS and data[at + 1] == ord("/") and _says_pre(data, at + 2):
            return min(_line_end(data, at, end) + 1, end)  # type: ignore[no-any-return]
        at += 1
    return 0


@kernel
def _says_pre(data: np.ndarray, at: int) -> bool:
    return (
        at + 3 < data.size and data[at] == ord("p") and data[at + 1] == ord("r") and data[at + 2] == ord("e")
    )
