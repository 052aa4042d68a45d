"""Records with a key, more of them than memory holds: written to files by the upper bits of the key, and read
back one file at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

BUFFER_BYTES = 1 << 25
FILES = 256
_SHIFT = np.uint64(56)


class SpilledRecords:
    """Records of a type whose field ``key`` (uint64, well mixed) says which file they go to. Memory:
    ``BUFFER_BYTES``, and a 256th of all records while they are read."""

    def __init__(self, folder: Path, dtype: np.dtype) -> None:
        self._folder = folder
        self._dtype = dtype
        self._pending: list[np.ndarray] = []
        self._held = 0

    def add(self, records: np.ndarray) -> None:
        """Takes records in."""
        self._pending.append(records)
        self._held += records.nbytes
        if self._held >= BUFFER_BYTES:
            self._flush()

    def _flush(self) -> None:
        records = np.concatenate(self._pending) if self._pending else np.empty(0, self._dtype)
        files = records["key"] >> _SHIFT
        order = np.argsort(files, kind="stable")
        borders = np.searchsorted(files[order], np.arange(FILES + 1, dtype=np.uint64))
        for number in np.flatnonzero(np.diff(borders)).tolist():
            with (self._folder / f"{number:03d}").open("ab") as file:
                file.write(records[order[borders[number] : borders[number + 1]]].tobytes())
        self._pending, self._held = [], 0

    def file(self, number: int) -> np.ndarray:
        """The records of one of ``FILES`` files, sorted by key; those of one key in the order of arrival."""
        if self._pending:
            self._flush()
        path = self._folder / f"{number:03d}"
        records = np.frombuffer(path.read_bytes() if path.exists() else b"", self._dtype)
        return records[np.argsort(records["key"], kind="stable")]


@contextmanager
def spilled(*dtypes: np.dtype) -> Iterator[list[SpilledRecords]]:
    """Empty records of these types in the system's folder for temporary files, gone when the block ends."""
    with TemporaryDirectory(prefix="openba-") as name:
        folders = [Path(name) / str(number) for number in range(len(dtypes))]
        for folder in folders:
            folder.mkdir()
        yield [SpilledRecords(folder, dtype) for folder, dtype in zip(folders, dtypes, strict=True)]


def places(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """int64 [wanted]: the first place of each one in ``keys`` (ascending), -1 where it is not there."""
    if not len(keys):
        return np.full(len(wanted), -1)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, found, -1)
