"""Ids of documents by their hashes: what is compared where the ids themselves would not fit into memory.

Hashes have a seed that is drawn anew in each process: nobody can make ids for which two sets look alike.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from manifests.border.arrow_files import read_batches
from manifests.files import safe_join
from manifests.spilled_records import FILES, SpilledRecords, places, spilled

KEY = np.dtype([("key", "<u8")])
_SEED = secrets.randbits(64)


def ids_in(folder: Path, paths: Iterable[str], column: str = "id") -> Iterator[pa.Array]:
    """The ids in files of a folder, a record batch at a time."""
    wanted = pa.schema([pa.field(column, pa.string(), nullable=False)])
    return (batch.column(column) for path in paths for batch in read_batches(safe_join(folder, path), wanted))


def hashes_of(ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """uint64 [ids]; of null as of the empty string."""
    values = ids.cast(pa.binary()).fill_null(b"").to_pylist()
    return np.fromiter((xxhash.xxh3_64_intdigest(value, _SEED) for value in values), np.uint64, len(values))


def digest_of(ids: Iterable[pa.Array]) -> tuple[int, int]:
    """How many ids there are, and the sum of their 128-bit hashes: equal for the same ids in any order, each
    as often. Memory: a batch of them."""
    number = total = 0
    for some in ids:
        number += len(some)
        total += sum(xxhash.xxh3_128_intdigest(value, _SEED) for value in some.cast(pa.binary()).to_pylist())
    return number, total % (1 << 128)


def records_of(ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """KEY [ids]."""
    return hashes_of(ids).view(KEY)


def absent(wanted: Iterable[pa.Array], known: Iterable[pa.Array]) -> npt.NDArray[np.uint64]:
    """Hashes, ascending, of the ids among ``wanted`` that are not among ``known``. Memory: see
    ``SpilledRecords``, and 8 bytes for each one found."""
    return _compared(wanted, known, True)


def common(one: Iterable[pa.Array], other: Iterable[pa.Array]) -> npt.NDArray[np.uint64]:
    """Hashes, ascending, of the ids that are in both. Memory: as ``absent``."""
    return _compared(one, other, False)


def _compared(wanted: Iterable[pa.Array], known: Iterable[pa.Array], gone: bool) -> npt.NDArray[np.uint64]:
    with spilled(KEY, KEY) as (left, right):
        for side, ids in ((left, wanted), (right, known)):
            for some in ids:
                side.add(records_of(some))
        found = [_of_file(left, right, number, gone) for number in range(FILES)]
    return np.concatenate(found)


def _of_file(
    wanted: SpilledRecords, known: SpilledRecords, number: int, gone: bool
) -> npt.NDArray[np.uint64]:
    keys = np.unique(wanted.file(number)["key"])
    return np.asarray(keys[(places(known.file(number)["key"], keys) < 0) == gone])


def are_among(ids: pa.Array | pa.ChunkedArray, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """bool [ids]: whether the hash of each is one of these (ascending)."""
    if not len(hashes):
        return np.zeros(len(ids), np.bool_)
    return np.asarray(places(hashes, hashes_of(ids)) >= 0)
