"""Where the markup ends that begins at a byte within a line: code spans, formulas, links, tags, addresses."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel

SPACE, TICK, DOLLAR, BACKSLASH, LESS, MORE = 0x20, 0x60, 0x24, 0x5C, 0x3C, 0x3E
OPEN, CLOSE, BRACKET, CLOSE_BRACKET, COLON, SLASH = 0x28, 0x29, 0x5B, 0x5D, 0x3A, 0x2F
NOTHING, CODE, FORMULA, LINK, TAG, ADDRESS = range(6)
"""What was found. Code, formulas and addresses stand for a word of the sentence; link targets and tags for
nothing."""
BEGINS = np.isin(np.arange(256), (TICK, DOLLAR, BACKSLASH, LESS, CLOSE_BRACKET, COLON))


@inlined
def until(data: np.ndarray, at: int, stop: int, wanted: int, barrier: int) -> int:
    """After the next ``wanted`` byte, or -1 where ``barrier`` or the end comes first."""
    while at < stop and data[at] != wanted:
        if data[at] == barrier:
            return -1
        at += 1
    return at + 1 if at < stop else -1


@inlined
def is_letter(byte: int) -> bool:
    """Of ASCII."""
    return 0x61 <= byte | 0x20 <= 0x7A


@inlined
def behind_letters(data: np.ndarray, at: int, stop: int) -> int:
    """After the ASCII letters that are here."""
    while at < stop and is_letter(data[at]):
        at += 1
    return at


@inlined
def ends_address(byte: int) -> bool:
    """Whether an address ends before a byte: none is outside ASCII, in brackets or in quotes."""
    return (
        byte <= SPACE or byte >= 0x7F or byte in (0x22, 0x27, CLOSE, LESS, MORE, BRACKET, CLOSE_BRACKET, TICK)
    )


@kernel
def _code_span(data: np.ndarray, at: int, stop: int) -> int:
    """Between so many backticks and as many again, as CommonMark 6.1 has it."""
    first = at
    while at < stop and data[at] == TICK:
        at += 1
    width, run = at - first, 0
    while at < stop:
        run = run + 1 if data[at] == TICK else 0
        at += 1
        if run == width and (at == stop or data[at] != TICK):
            return at
    return -1


@kernel
def _formula(data: np.ndarray, at: int, stop: int) -> int:
    """Between dollar signs as Pandoc reads them: no space inside, no digit behind, so that prices are
    text."""
    wide = at + 1 < stop and data[at + 1] == DOLLAR
    at += 2 if wide else 1
    if at >= stop or (data[at] <= SPACE and not wide):
        return -1
    while at < stop and data[at] != DOLLAR:
        at += 1
    if at >= stop:
        return -1
    if wide:
        return at + 2 if at + 1 < stop and data[at + 1] == DOLLAR else -1
    digit = at + 1 < stop and 0x30 <= data[at + 1] <= 0x39
    return -1 if digit or data[at - 1] <= SPACE else at + 1


@kernel
def _address(data: np.ndarray, at: int, stop: int) -> int:
    while at < stop and not ends_address(data[at]):
        at += 1
    return at


@kernel
def markup(data: np.ndarray, at: int, stop: int) -> tuple[int, int]:
    """Where the markup that begins at a byte ends, or -1, and which it is.

    The barriers keep the search linear, for no byte is searched twice; a backtick after which no span is
    found is the last of its line that may be asked for.
    """
    byte = data[at]
    following = data[at + 1] if at + 1 < stop else 0
    if byte == TICK:
        return _code_span(data, at, stop), CODE
    if byte == DOLLAR:
        return _formula(data, at, stop), FORMULA
    if byte == BACKSLASH and is_letter(following):
        return behind_letters(data, at + 1, stop), FORMULA
    if byte == LESS and (is_letter(following) or following == SLASH or following == 0x21):
        name = behind_letters(data, at + 1, stop)
        address = name + 1 < stop and data[name] == COLON and data[name + 1] == SLASH
        return until(data, at + 1, stop, MORE, LESS), ADDRESS if address else TAG
    if byte == CLOSE_BRACKET and following == OPEN:
        return until(data, at + 2, stop, CLOSE, CLOSE_BRACKET), LINK
    if byte == CLOSE_BRACKET and following == BRACKET:
        return until(data, at + 2, stop, CLOSE_BRACKET, BRACKET), LINK
    if byte == COLON and is_letter(following):
        role = behind_letters(data, at + 1, stop)
        is_role = role + 1 < stop and data[role] == COLON and data[role + 1] == TICK
        return (role + 1 if is_role else -1), LINK
    if byte == COLON and following == SLASH and at + 2 < stop and data[at + 2] == SLASH:
        return _address(data, at + 3, stop), ADDRESS
    return -1, NOTHING
