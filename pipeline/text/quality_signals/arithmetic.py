"""Where a sum among words ends, such as ``862+56=`` or ``（96－6）×（15＋9）`` from its first number on:
a formula, though no markup says so."""

from __future__ import annotations

import numpy as np

from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.unicode.utf8 import decode_at

_STRONG = tuple(ord(mark) for mark in "+×÷=＋＝")
_WEAK = tuple(ord(mark) for mark in "-−－/")
"""These part the numbers of dates, telephones and spans, too."""
_EQUALS = tuple(ord(mark) for mark in "=＝")
_BRACKETS = tuple(ord(mark) for mark in "()（）")
_BLANKS = (0x20, 0x3000)
_IN_NUMBERS = tuple(ord(mark) for mark in ".%")
_FEWEST = 2
"""Operators of a sum, at least; ``143×9102`` is a size."""
DIGITS = np.isin(np.arange(256), [*b"0123456789"])


@inlined
def _is_digit(point: int) -> bool:
    return 0x30 <= point <= 0x39 or 0xFF10 <= point <= 0xFF19


@kernel
def arithmetic(data: np.ndarray, at: int, stop: int) -> tuple[int, int]:
    """Where the sum that begins with the digit at a byte ends, or -1, and how far it was looked for: no other
    begins before.

    An operator stands between two numbers, and what is to be found may be missing behind an equals sign.
    """
    operators, strong, last, pending = 0, False, at, 0
    number, parted = False, False
    while at < stop:
        point, width = decode_at(data, at)
        if _is_digit(point):
            if number and parted:
                break
            operators += pending > 0
            strong |= pending > 1
            number, parted, pending, last = True, False, 0, at + width
        elif point in _BLANKS:
            parted = True
        elif point in _STRONG or point in _WEAK:
            if not number:
                break
            number, parted, pending = False, False, 1 + (point in _STRONG)
            if point in _EQUALS:
                operators, strong, pending, last = operators + 1, True, 0, at + width
        elif not (point in _BRACKETS or (point in _IN_NUMBERS and number)):
            break
        at += width
    return (last if strong and operators >= _FEWEST else -1), at
