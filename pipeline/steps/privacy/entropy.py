"""Shannon entropy: tells what was made up at random from examples and names."""

from __future__ import annotations

import math
from collections import Counter


def entropy(text: bytes) -> float:
    """Of the bytes of a text: bits for each (Shannon 1948, section 6)."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
