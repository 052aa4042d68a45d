"""Which bucket a key goes to: by the upper bits of hashes, or by ranges of numbers.

There are so many buckets that each holds about ``BUCKET_BYTES`` of packed keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BUCKET_BYTES = 1 << 24


def bucket_count(size: int) -> int:
    """The buckets in which keys of ``size`` bytes are grouped."""
    return max(1, -(-size // BUCKET_BYTES))


@dataclass(frozen=True)
class Hashes:
    """``count`` ranges of hashes, of equal width."""

    count: int = 1

    def deal(self, hashes: np.ndarray, records: np.ndarray) -> Iterator[tuple[int, bytes]]:
        """(bucket, its records), for the uint64 hash of each record."""
        upper = hashes >> np.uint64(32)
        return dealt(upper * np.uint64(self.count) >> np.uint64(32), records, self.count)


@dataclass(frozen=True)
class Ranges:
    """``count`` ranges of the numbers below ``total``, of equal width: the next bucket is the next range."""

    total: int
    count: int = 1

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """The bucket of each number: uint64."""
        return numbers.astype(np.uint64) * np.uint64(self.count) // np.uint64(max(self.total, 1))

    def deal(self, numbers: np.ndarray, records: np.ndarray) -> Iterator[tuple[int, bytes]]:
        """(bucket, its records), for the number of each record."""
        return dealt(self.of(numbers), records, self.count)

    def holding(self, files: tuple[Path, ...], begin: int, end: int) -> list[Path]:
        """Those of the buckets' files that have the numbers from ``begin`` to ``end``."""
        if begin == end:
            return []
        first, last = self.of(np.array([begin, end - 1])).tolist()
        return [path for path in files if first <= int(path.name.removeprefix("bucket-")) <= last]


def dealt(buckets: np.ndarray, records: np.ndarray, count: int) -> Iterator[tuple[int, bytes]]:
    """(bucket, its records) of each of ``count`` buckets that has any."""
    if count == 1:
        yield from [(0, records.tobytes())] if len(records) else []
        return
    order = np.argsort(buckets, kind="stable")
    borders = np.searchsorted(buckets[order], np.arange(count + 1))
    ordered = records[order]
    for bucket in np.flatnonzero(np.diff(borders)).tolist():
        yield bucket, ordered[borders[bucket] : borders[bucket + 1]].tobytes()


def gathered(payloads: list[bytes], dtype: np.dtype) -> np.ndarray:
    """A bucket's records."""
    return np.frombuffer(b"".join(payloads), dtype)
