"""Paragraphs and their hashes by the definitions in ``pipeline.text.similarity.paragraphs``, in plain
Python."""

from __future__ import annotations

import re

from tests.pipeline.text.similarity.plain_blocks import Lines

SPACE = "\t\n\x0b\x0c\r \xa0\u3000"
_CLOSING = "\"')\\]’”」』）】"
_STOPS = set(".!?。！？\"')]’”」』）】")
_WIDE_END = re.compile(f"[。！？][{_CLOSING}]*\\Z")
_END = re.compile(f"[.!?。！？][{_CLOSING}]*[{SPACE}]+\\Z")
_WORD = 2**64 - 1
_FULL_WIDTH = {0xFEE0 + code: code for code in range(0x21, 0x7F) if chr(code).isalnum()}


def narrow(text: str) -> str:
    """The text with plain digits and letters for full-width ones."""
    return text.translate(_FULL_WIDTH)


def finalized(text: str) -> int:
    """FNV-1a over the code points, finalized."""
    state = 0xCBF29CE484222325
    for character in re.sub(f"[{SPACE}]", "", narrow(text)):
        state = (state ^ ord(character)) * 0x100000001B3 & _WORD
    return finalize(state)


def finalize(state: int) -> int:
    """MurmurHash3's 64-bit finalizer."""
    state = (state ^ state >> 33) * 0xFF51AFD7ED558CCD & _WORD
    state = (state ^ state >> 33) * 0xC4CEB9FE1A85EC53 & _WORD
    return state ^ state >> 33


def paragraphs(text: str, minimum: int, most: int = 99) -> list[tuple[int, str]]:
    """Hash and text of each paragraph of at least ``minimum`` characters."""
    found: list[str] = []
    first, sentence, sentences, lines = 0, 0, 0, Lines(text)
    for match in re.finditer(f"[^{SPACE}]", text):
        before, at = text[first : match.start()], match.start()
        ended = bool(_END.search(before)) or bool(_WIDE_END.search(before) and match[0] not in _STOPS)
        sentences += ended
        above = len(text[:at].rstrip(SPACE))
        newlines = text[above:at].count("\n")
        window = ended and "\n" not in text and finalized(text[sentence:at]) % 4 == 0
        if newlines or not lines.lines:
            held = lines.enter(at, newlines == 1, above)
            lines.lines += 1
            border = (newlines >= 2 or (ended and newlines > 0)) and not held
        else:
            border = ended and sentences >= most and not lines.fenced
        if before.strip(SPACE) and (border or window):
            cut = text.rfind("\n", above, at) + 1 if newlines else at
            found.append(text[first:cut])
            first, sentences, lines.lines = cut, 0, 1
        if ended:
            sentence = at
    found.append(text[first:])
    return [(finalized(part), part) for part in found if len(re.sub(f"[{SPACE}]", "", part)) >= minimum]
