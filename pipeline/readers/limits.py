"""What a worker may be made to hold, and a file to give: a few kB of a stranger can say gigabytes.

Text compresses tenfold, and a hundredfold where it repeats itself. What is small may expand as it likes.
"""

from __future__ import annotations

from typing import NamedTuple

_MOST_BYTES = 1 << 26
_MOST_FACTOR = 200
_MOST_OF_FILE = 1 << 27
_SHARE = 4


class Limits(NamedTuple):
    """``memory``: bytes that a worker may hold; ``window``: those behind that zstd may refer to."""

    memory: int = 4_000_000_000
    window: int = 1 << 27

    @staticmethod
    def of(memory: int, window: int | None) -> Limits:
        """Of a manifest's ``max_worker_memory`` and a source's ``max_window``."""
        return Limits(memory, min(window or DEFAULT.window, memory // 2))

    def held(self, stored: int) -> int:
        """Bytes of a page, a record batch or a response that ``stored`` ones may make at once: at most a
        quarter of the memory, as they are there twice while they are decoded, with documents beside them."""
        return min(max(_MOST_BYTES, _MOST_FACTOR * stored), self.memory // _SHARE)

    def expanded(self, stored: int) -> int:
        """Bytes that a compressed file of ``stored`` ones may give, block by block."""
        return max(_MOST_OF_FILE, _MOST_FACTOR * stored)


DEFAULT = Limits()
