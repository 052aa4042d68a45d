"""What a line begins, in Markdown, reStructuredText and plain text: the marks by which blocks are told that
are cut out of a text whole or not at all.

All take ``data`` (uint8, valid UTF-8), ``position`` of the line's first character that is no white space, and
``end`` of the text.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.text.arrow.kernel import kernel

FENCE = 3
LONGEST_NUMBER = 3
ANSWERS = (
    *(
        "A:",
        "A：",
        "a:",
        "a：",
        "Answer:",
        "answer:",
        "ANSWER:",
        "Answer：",
        "答：",
        "答:",
        "答案：",
        "答案:",
    ),
    *("回答：", "回答:", "解：", "解:", "解答：", "解答:", "【答案】", "【解答】", "【解析】", "[答案]"),
)
ADORNMENTS = "=-~^\"'`#*+_<>.:"
BULLETS = ("-", "*", "+", "•", "·", "●", "○", "■", "◆", "–", "—")
BRACKETS = ("(", "（")
NUMERALS = tuple("一二三四五六七八九十")
NUMBERED = (".", ")", "、", "．", "）")

_NEWLINE, _SPACE, _TAB = 0x0A, 0x20, 0x09
_ADORNS = np.array([chr(point) in ADORNMENTS for point in range(0x80)])


def _table(phrases: tuple[str, ...]) -> np.ndarray:
    """uint8 [phrases, longest]: their UTF-8, filled up with zeros."""
    coded = [phrase.encode() for phrase in phrases]
    rows = b"".join(phrase.ljust(max(map(len, coded)), b"\0") for phrase in coded)
    return np.frombuffer(rows, np.uint8).reshape(len(coded), -1)


def _first_bytes(phrases: Iterable[str]) -> np.ndarray:
    """bool [256]: which bytes a phrase begins with. Most lines are told by their first one."""
    table = np.zeros(256, np.bool_)
    table[[phrase.encode()[0] for phrase in phrases]] = True
    return table


_ANSWERS, _BULLETS, _NUMBERED = _table(ANSWERS), _table(BULLETS), _table(NUMBERED)
_BRACKETS, _NUMERALS = _table(BRACKETS), _table(NUMERALS)
_MAY_ANSWER = _first_bytes(("*", *ANSWERS))
_MAY_OPEN_BODY = _first_bytes((*BULLETS, "..", *BRACKETS, *NUMERALS, *"0123456789"))


@kernel
def _begins(data: np.ndarray, position: int, end: int, phrases: np.ndarray) -> int:
    """Bytes of the first of some phrases that stands at a position; 0 for none."""
    for row in range(phrases.shape[0]):
        size = 0
        while size < phrases.shape[1] and phrases[row, size] != 0:
            if position + size >= end or data[position + size] != phrases[row, size]:
                break
            size += 1
        if size == phrases.shape[1] or phrases[row, size] == 0:
            return size
    return 0


@kernel
def run_length(data: np.ndarray, position: int, end: int) -> int:
    """How often the byte at a position stands there in a row."""
    place = position
    while place < end and data[place] == data[position]:
        place += 1
    return place - position


@kernel
def line_is_over(data: np.ndarray, position: int, end: int) -> bool:
    """Whether nothing but spaces follows in the line."""
    while position < end and (data[position] == _SPACE or data[position] == _TAB or data[position] == 0x0D):
        position += 1
    return position >= end or data[position] == _NEWLINE


@kernel
def is_adornment(data: np.ndarray, position: int, end: int) -> bool:
    """An underline, an overline or a ruler: one mark of punctuation again and again, three times at least
    (four times a full stop, for three are an ellipsis)."""
    if data[position] >= 0x80 or not _ADORNS[data[position]]:
        return False
    size = run_length(data, position, end)
    least = FENCE + (data[position] == 0x2E)
    return bool(size >= least and line_is_over(data, position + size, end))


@kernel
def is_underline(data: np.ndarray, position: int, end: int, title: int) -> bool:
    """An adornment directly below a line of ``title`` bytes: ``=`` and ``-`` of any length, the others as
    wide as the title (a Chinese character has three bytes and is two wide), for they have other uses."""
    if not is_adornment(data, position, end):
        return False
    size = run_length(data, position, end)
    always = data[position] == 0x3D or data[position] == 0x2D
    return bool(always or (size > FENCE and 3 * size >= 2 * title))


@kernel
def is_overline(data: np.ndarray, position: int, end: int) -> bool:
    """An adornment directly above a line; what has blank lines on both sides is a ruler."""
    if not is_adornment(data, position, end):
        return False
    while position < end and data[position] != _NEWLINE:
        position += 1
    return position < end and not line_is_over(data, position + 1, end)


@kernel
def opens_fence(data: np.ndarray, position: int, end: int) -> bool:
    """Three or more grave accents or tildes; no grave accent after the former, else it is a code span."""
    mark = data[position]
    if mark != 0x60 and mark != 0x7E:
        return False
    size = run_length(data, position, end)
    place = position + size
    while mark == 0x60 and place < end and data[place] != _NEWLINE:
        if data[place] == mark:
            return False
        place += 1
    return bool(size >= FENCE)


@kernel
def closes_fence(data: np.ndarray, position: int, end: int, mark: int, least: int) -> bool:
    """The mark of the opening line, as often at least, and nothing else."""
    size = run_length(data, position, end)
    return bool(data[position] == mark and size >= least and line_is_over(data, position + size, end))


@kernel
def is_heading(data: np.ndarray, position: int, end: int) -> bool:
    """One to six ``#`` or ``=`` before a space: Markdown, AsciiDoc, wikis."""
    if data[position] != 0x23 and data[position] != 0x3D:
        return False
    size = run_length(data, position, end)
    return bool(size <= 6 and position + size < end and data[position + size] == _SPACE)


@kernel
def opens_body(data: np.ndarray, position: int, end: int) -> bool:
    """A list item's bullet or number, or ``..`` of a directive, before a space: what is indented below
    belongs to it."""
    if not _MAY_OPEN_BODY[data[position]]:
        return False
    size = _begins(data, position, end, _BULLETS)
    if size == 0 and data[position] == 0x2E and run_length(data, position, end) == 2:
        size = 2
    if size == 0:
        place = position + _begins(data, position, end, _BRACKETS)
        begin, digits = place, 0
        while place < end and digits < LONGEST_NUMBER:
            digit = 1 if 0x30 <= data[place] <= 0x39 else _begins(data, place, end, _NUMERALS)
            if digit == 0:
                break
            place, digits = place + digit, digits + 1
        mark = _begins(data, place, end, _NUMBERED) if place > begin else 0
        if mark > 1:  # a full-width mark needs no space
            return True
        size = place + mark - position if mark else 0
    after = position + size
    return bool(size > 0 and after < end and (data[after] == _SPACE or data[after] == _TAB))


@kernel
def is_answer(data: np.ndarray, position: int, end: int) -> bool:
    """``A:``, ``答：`` and the like, also in bold."""
    if not _MAY_ANSWER[data[position]]:
        return False
    while position < end and data[position] == 0x2A:
        position += 1
    return bool(_begins(data, position, end, _ANSWERS) > 0)


@kernel
def ends_with(data: np.ndarray, begin: int, end: int, mark: int) -> bool:
    """Whether the bytes before ``end`` are an ASCII mark or its full-width form."""
    if end > begin and data[end - 1] == mark:
        return True
    # U+FF01 + (mark - 0x21), which is EF BC 80 + (mark - 0x20) for marks below 0x60.
    return (
        end - begin >= 3 and data[end - 3] == 0xEF and data[end - 2] == 0xBC and data[end - 1] == 0x60 + mark
    )


# The state of a text between two lines: the open fence's mark and size (0: none), the indentation that a
# line needs to belong to what is above (0: there is nothing that it could belong to), whether the next line
# belongs to this one, where this line begins and how far it is indented, and the lines since the last border.
MARK, SIZE, BODY, GLUE, LINE, INDENT, LINES, STATES = 0, 1, 2, 3, 4, 5, 6, 7
QUESTION = 300


@kernel
def enter_line(
    data: np.ndarray, position: int, end: int, indent: int, direct: bool, above: int, state: np.ndarray
) -> bool:
    """Whether a line belongs to what is above it, so that no border may be between; goes on to it.

    Args:
        indent: spaces and tabs before ``position``. ``direct``: no blank line is above.
        above: end byte of the line above, without the white space after it.
        state: int64 [STATES]; all 0 before a text's first line.
    """
    begin = state[LINE]
    if state[MARK] != 0:
        if closes_fence(data, position, end, state[MARK], state[SIZE]):
            state[MARK] = 0
        state[LINE], state[INDENT] = position, indent
        return True
    if state[BODY] == 0 and ends_with(data, begin, above, 0x3A):
        state[BODY] = state[INDENT] + 1
    if indent < state[BODY]:
        state[BODY] = 0
    question = state[LINES] == 1 and above - begin <= QUESTION and ends_with(data, begin, above, 0x3F)
    held = state[BODY] > 0 or state[GLUE] > 0 or question or is_answer(data, position, end)
    underline = direct and is_underline(data, position, end, above - begin)
    fence = not underline and opens_fence(data, position, end)
    if fence:
        state[MARK], state[SIZE] = data[position], run_length(data, position, end)
    if state[BODY] == 0 and opens_body(data, position, end):
        state[BODY] = indent + 1
    title = not direct and is_overline(data, position, end)
    state[GLUE] = not fence and (underline or title or is_heading(data, position, end))
    state[LINE], state[INDENT] = position, indent
    return held or underline or fence
