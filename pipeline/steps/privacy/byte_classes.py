"""Classes of bytes, and kernels that read along them."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import kernel

DIGIT, UPPER, HEX, ALNUM, WORD, NUMBER, OPENING, LOCAL, LABEL, USER, PATH, TOKEN, SPACED = (
    1 << bit for bit in range(13)
)
"""What a byte can be: part of a number with what groups it (NUMBER, OPENING), of a mail address (LOCAL), of a
host (LABEL), of a URL (USER, PATH), of a key (TOKEN), of an IBAN in groups of four (SPACED)."""

_DIGITS, _CAPITALS, _SMALL = b"0123456789", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"
_LETTERS = _CAPITALS + _SMALL
LETTERS_AND_DIGITS = _DIGITS + _LETTERS
_MEMBERS = {
    DIGIT: _DIGITS,
    UPPER: _CAPITALS,
    HEX: _DIGITS + b"abcdefABCDEF",
    ALNUM: LETTERS_AND_DIGITS,
    WORD: LETTERS_AND_DIGITS + b"_",
    NUMBER: _DIGITS + b" -.()+/",
    OPENING: b"+(",
    LOCAL: LETTERS_AND_DIGITS + b"_.%+-",
    LABEL: LETTERS_AND_DIGITS + b"_-",
    USER: LETTERS_AND_DIGITS + b"._%+~-",
    PATH: LETTERS_AND_DIGITS + b"-._~!$&*+,;=:@/?#%",
    TOKEN: LETTERS_AND_DIGITS + b"_-",
    SPACED: _DIGITS + _CAPITALS + b" ",
}


def _classes() -> np.ndarray:
    """uint16 [256]: which classes each byte is in."""
    table = np.zeros(256, np.uint16)
    for bit, characters in _MEMBERS.items():
        table[list(characters)] |= bit
    return table


CLASSES = _classes()


@kernel
def run_end(data, at, end, classes, wanted):  # type: ignore[no-untyped-def]
    """The end of the run of ``wanted`` bytes from ``at`` on, not beyond ``end``."""
    while at < end and classes[data[at]] & wanted:
        at += 1
    return at


@kernel
def run_start(data, at, begin, classes, wanted):  # type: ignore[no-untyped-def]
    """The first byte of the run of ``wanted`` bytes that ends at ``at``, not before ``begin``."""
    while at > begin and classes[data[at - 1]] & wanted:
        at -= 1
    return at
