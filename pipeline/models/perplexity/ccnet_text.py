"""Text as CCNet's language models were trained on it (Wenzek et al., arXiv 1911.00359; text_normalizer.py of
cc_net): lower case, no accents, 0 for every digit, ASCII punctuation, no control characters."""

from __future__ import annotations

import re
import unicodedata

_DIGIT = re.compile(r"\d")
_ASCII = {
    ",": "，、",
    ".": "。",
    ". ": "．",
    "...": "…",
    '"': "„“”«»「」《》",
    "'": "´’",
    ":": "∶：",
    ";": "；",
    "?": "？",
    "!": "！",
    "(": "（",
    ")": "）",
    "[": "【",
    "]": "】",
    "<": "〈",
    ">": "〉",
    "~": "～",
    "%": "％",
    "-": "–━►",
    " - ": "—",
}
_TABLE: dict[int, str | None] = {ord(mark): plain for plain, marks in _ASCII.items() for mark in marks}
_TABLE |= dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])


def ccnet_text(line: str) -> str:
    """The line as the models know it."""
    decomposed = unicodedata.normalize("NFD", line.strip().lower())
    plain = "".join(character for character in decomposed if unicodedata.category(character) != "Mn")
    return _DIGIT.sub("0", plain).translate(_TABLE)
