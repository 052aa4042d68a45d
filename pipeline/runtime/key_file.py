"""Files of packed keys, ordered by bucket: what one task of a shuffle writes, and later tasks read ranges of.

A file is a sequence of runs, each of which holds its keys in the order of their buckets; then, for every run,
the offsets at which its buckets begin and the last one ends (uint64 [buckets + 1]); then the number of runs
(uint64).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from manifests.border.regular_file import regular
from manifests.border.unsound_file import check

BUFFER_BYTES = 1 << 26
"""Keys that a task holds before it writes them out as a run."""
_OFFSET = np.dtype("<u8")


def write_keys(path: Path, keys: Iterable[tuple[int, bytes]], buckets: int) -> None:
    """Writes keys as they come, each with its bucket. Memory: ``BUFFER_BYTES`` and a packet."""
    runs, held, pending = list[np.ndarray](), 0, dict[int, list[bytes]]()
    with path.open("wb") as file:
        for bucket, packet in keys:
            pending.setdefault(bucket, []).append(packet)
            held += len(packet)
            if held >= BUFFER_BYTES:
                runs.append(_write_run(file, pending, buckets))
                held, pending = 0, {}
        runs.append(_write_run(file, pending, buckets))
        for offsets in (*runs, np.array([len(runs)], _OFFSET)):
            file.write(offsets.tobytes())


def _write_run(file: BinaryIO, pending: dict[int, list[bytes]], buckets: int) -> np.ndarray:
    sizes = np.zeros(buckets + 1, _OFFSET)
    sizes[0] = file.tell()
    for bucket in sorted(pending):
        sizes[bucket + 1] = sum(map(len, pending[bucket]))
        file.writelines(pending[bucket])
    return np.cumsum(sizes, dtype=_OFFSET)


class KeyFile:
    """A file of ``write_keys``, open until the block ends. ``first`` and ``end``: the buckets that are asked
    for.

    Raises:
        UnsoundFileError: it is no such file.
    """

    def __init__(self, path: Path, buckets: int, first: int, end: int) -> None:
        self._path = path
        self._buckets = buckets
        self._range = first, end

    def __enter__(self) -> KeyFile:
        self._file = regular(self._path).open("rb", buffering=0)
        self._first, end = self._range
        size = os.fstat(self._file.fileno()).st_size
        check(size >= _OFFSET.itemsize, self._path, f"has {size} bytes")
        (runs,) = self._numbers(1, size - _OFFSET.itemsize).tolist()
        row = (self._buckets + 1) * _OFFSET.itemsize
        keys = size - _OFFSET.itemsize - runs * row
        check(0 < runs * row < size and keys >= 0, self._path, f"says {runs} runs of {self._buckets} buckets")
        wide, skip = end - self._first + 1, self._first * _OFFSET.itemsize
        self._offsets = np.stack([self._numbers(wide, keys + run * row + skip) for run in range(runs)])
        steps = np.diff(self._offsets.astype(np.int64), axis=1)
        sound = bool((steps >= 0).all()) and int(self._offsets.max()) <= keys
        check(sound, self._path, "has buckets that are not inside it")
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def _numbers(self, count: int, offset: int) -> np.ndarray:
        return np.frombuffer(self._bytes(offset, count * _OFFSET.itemsize), _OFFSET)

    def _bytes(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        content = self._file.read(size)
        check(content is not None and len(content) == size, self._path, "ends too early")
        return content or b""

    def packets(self, bucket: int) -> list[bytes]:
        """The keys of a bucket, those of a run in one piece."""
        borders: Sequence[Sequence[int]] = self._offsets[:, bucket - self._first :][:, :2].tolist()
        return [self._bytes(begin, end - begin) for begin, end in borders if end > begin]
