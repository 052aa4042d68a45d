"""Text in which a few bytes are broken: a replacement character stands for each break, and the rest is
kept."""

from __future__ import annotations

import re
from functools import cache

from pipeline.readers.common_han import COMMON_HAN

REPLACEMENT = "\ufffd"
MAX_BROKEN = 0.001
"""Text may hold a broken character or two in so many; browsers show them."""
# A text that was cut at a number of UTF-16 units ends in half an emoji, however short it is.
_WHOLE_TO_HALVES = 10
_BROKEN = re.compile(f"{REPLACEMENT}{{1,4}}")
_HALF = re.compile("[\ud800-\udfff]")
_BLOCK = 1 << 12
_AHEAD = 64
_LONGEST_BREAK = 3


def broken_characters(text: str) -> int:
    """How many characters are broken: the bytes of one leave up to four replacement characters."""
    return len(_BROKEN.findall(text))


def few_broken(text: str) -> bool:
    """Whether broken characters are few among all."""
    most, marks = MAX_BROKEN * len(text), text.count(REPLACEMENT)
    # Counting marks takes a hundredth of finding the breaks, each of which has one to four.
    return marks <= most or (marks <= 4 * most and broken_characters(text) <= most)


def decode_around_breaks(data: bytes, charset: str) -> str | None:
    """Text in a Chinese charset; None if more than ``MAX_BROKEN`` of it is broken.

    A byte too many or too few would turn all that follows into other letters: after a break as many bytes are
    passed over, up to ``_LONGEST_BREAK``, as make what follows look most like Chinese.
    """
    pieces: list[str] = []
    at, left = 0, int(MAX_BROKEN * len(data))
    while at < len(data):
        block = data[at : at + _BLOCK]
        whole = _whole_bytes(block, charset)
        pieces.append(block[:whole].decode(charset))
        at += whole
        # A block that ends within a character goes on with that.
        if not whole:
            pieces.append(REPLACEMENT)
            at += _break_length(data[at : at + _AHEAD], charset)
            left -= 1
        if left < 0:
            return None
    return "".join(pieces)


def _whole_bytes(block: bytes, charset: str) -> int:
    """How many bytes from the beginning can be decoded."""
    try:
        block.decode(charset)
    except UnicodeDecodeError as error:
        return error.start
    return len(block)


@cache
def _odd() -> re.Pattern[str]:
    """Beside ASCII and what most of a Chinese text is: common letters, and the marks and letters of full
    width. A class of so many letters takes a tenth of a second to compile, which few corpora need."""
    return re.compile(f"[^\x00-\x7f\u2014-\u2026\u3000-\u3020\uff01-\uff65{COMMON_HAN}]")


def _break_length(data: bytes, charset: str) -> int:
    def odd(length: int) -> int:
        return len(_odd().findall(data[length:].decode(charset, errors="replace")))

    return min(range(1, _LONGEST_BREAK + 1), key=odd)


def decode_halves(data: bytes) -> str | None:
    """Text in UTF-8 but for the two halves of characters beyond 16 bits, each of them written as if it were a
    character (CESU-8, UTR 26): pairs are joined, and halves that are alone replaced, unless they are many.
    None if it is no such text."""
    try:
        text = data.decode("utf-8", errors="surrogatepass")
    except UnicodeDecodeError:
        return None
    text = text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="surrogatepass")
    halves = len(_HALF.findall(text))
    return _HALF.sub(REPLACEMENT, text) if halves * _WHOLE_TO_HALVES <= len(text) else None
