"""Words that say that the number after them is an identity card's."""

from __future__ import annotations

import re

_CARD = "(?:证|證)"
_NUMBER = "(?:号|號)"
_HAN = (
    f"身(?:份|分){_CARD}",
    f"居(?:民|留|住){_CARD}",
    f"(?:统|統)一{_CARD}{_NUMBER}",
    f"(?<!行)(?<!胞)(?<!乡)(?<!鄉){_CARD}(?:件)?{_NUMBER}",
    "字號",
)
_LATIN = r"(?<![A-Za-z<])(?:hk)?id(?: ?(?:card|no\.?|number|:))|identity (?:card|number)|hkid|arc no"
_BEFORE = re.compile(f"(?:{'|'.join(_HAN)}|{_LATIN})".encode() + rb"[^\n<>]{0,44}\Z", re.IGNORECASE)


def is_identity_announced(before: bytes) -> bool:
    """Whether a word for an identity card stands in the same line, not far before a number."""
    return _BEFORE.search(before) is not None
