"""Whether letters that were read in some charset are Chinese.

Any byte pair is some character of these charsets, right or wrong; the letters of real Chinese are nearly all
common ones, and hardly ever stand alone among Latin ones, as accented Latin letters do that were misread.
"""

from __future__ import annotations

import re

MIN_COMMON = 0.9
"""The least share of common letters in Chinese."""
FOREIGN_WORDS = re.compile(r"(?:[^\x00-\x7f\W\d_]|[\ue000-\uf8ff])+")
"""Runs of letters beyond ASCII."""
_MIN_IN_RUNS = 0.5


def _common_han() -> str:
    """The first planes of GB 2312 (3,755 letters, by frequency) and of Big5 (5,401)."""
    simplified = bytes(
        byte for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for byte in (row, cell)
    )
    cells = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    traditional = bytes(byte for row in range(0xA4, 0xC7) for cell in cells for byte in (row, cell))
    letters = set(simplified.decode("gb2312", errors="ignore") + traditional.decode("big5", errors="ignore"))
    return "".join(sorted(letter for letter in letters if "\u4e00" <= letter <= "\u9fff"))


COMMON_HAN = _common_han()
"""All common letters."""
COMMON = re.compile(f"[{COMMON_HAN}]+")
"""Runs of them."""


def common_share(text: str) -> float:
    """The share of the letters beyond ASCII that are common Chinese ones; 0 if most of them are alone among
    others."""
    words = FOREIGN_WORDS.findall(text)
    letters = sum(map(len, words))
    in_runs = letters - sum(len(word) == 1 for word in words)
    if letters == 0 or in_runs < _MIN_IN_RUNS * letters:
        return 0.0
    return sum(map(len, COMMON.findall(text))) / letters
