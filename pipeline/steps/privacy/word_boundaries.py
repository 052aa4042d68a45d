"""Where a datum may begin and end.

Word boundaries are those of ASCII: beside Chinese characters (手机13812345678联系) a number is free;
inside a hash, a decimal or an order number it does not."""

from __future__ import annotations

import re

FREE_BEFORE = rb"(?<![0-9A-Za-z_])(?<![0-9A-Za-z_][.\-])(?<![A-Za-z_]/)(?<!&\#)(?<!\$)"
FREE_AFTER = rb"(?![0-9A-Za-z_])(?!\.[0-9a-z])(?!-[0-9A-Za-z])"
"""Parts of regular expressions: nothing before or after this place holds on to what is here."""

WORD_CHARACTER = re.compile(rb"[0-9A-Za-z_]")
SEPARATORS = re.compile(rb"[ .\-()/+]+")
"""What groups the digits of a number."""

_HELD_BEFORE = re.compile(rb"(?:[0-9A-Za-z_][.\-]?|[A-Za-z_]/|&#)\Z")
_HELD_AFTER = re.compile(rb"[0-9A-Za-z_]|\.[0-9a-z]|-[0-9A-Za-z]")


def stands_free(before: bytes, after: bytes) -> bool:
    """Whether a word is not part of an identifier, a path, a decimal or a longer code."""
    return not _HELD_BEFORE.search(before) and not _HELD_AFTER.match(after)
