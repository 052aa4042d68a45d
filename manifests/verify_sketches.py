"""Checks the similarity of duplicates to their survivors, by the sketches of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifests.border.arrow_files import read_batches
from manifests.border.unsound_file import check
from manifests.id_hashes import hashes_of
from manifests.spilled_records import FILES, SpilledRecords, places, spilled

_PAIR = np.dtype([("key", "<u8"), ("document", "<u8")])
_ASKED = 24
"""Bits of a hash by which documents that nobody asks for are passed over."""
Hashes = npt.NDArray[np.uint64]


def less_similar(pairs: Iterable[pa.Table], keys: Sequence[Path], least: int) -> Hashes:
    """Hashes, ascending, of the documents that are less similar to their survivors than ``least`` millionths.
    Sketches travel to the pairs by files, first those of survivors, then those of the documents themselves.

    Args:
        pairs: columns id and survivor.
        keys: files with the ids and sketches of all documents; a pair of another one is passed over.
    """
    width = _width(keys)
    sketched = np.dtype([("key", "<u8"), ("sketch", "u1", width)])
    with spilled(_PAIR, sketched, sketched) as (asked, sketches, halves):
        needed = np.zeros(1 << _ASKED, bool)
        for table in pairs:
            pair = np.empty(len(table), _PAIR)
            pair["key"], pair["document"] = hashes_of(table["survivor"]), hashes_of(table["id"])
            for name in ("key", "document"):
                needed[_upper(pair[name])] = True
            asked.add(pair)
        if needed.any():
            _add_sketches(keys, sketches, needed, sketched)
        for number in range(FILES):
            _add_halves(asked.file(number), sketches.file(number), halves, sketched)
        found = [_unlike(halves.file(number), sketches.file(number), least) for number in range(FILES)]
    return np.unique(np.concatenate(found))


def _upper(hashes: Hashes) -> Hashes:
    return hashes >> np.uint64(64 - _ASKED)


def _add_sketches(
    keys: Sequence[Path], sketches: SpilledRecords, needed: npt.NDArray[np.bool_], kind: np.dtype
) -> None:
    """The sketches of documents that may be asked for."""
    for path in keys:
        for batch in read_batches(path):
            hashes = hashes_of(batch.column("id"))
            rows = np.flatnonzero(needed[_upper(hashes)])
            found = np.empty(len(rows), kind)
            found["key"] = hashes[rows]
            found["sketch"] = _sketches(path, batch, rows, kind["sketch"].shape[0])
            sketches.add(found)


def _add_halves(pairs: np.ndarray, sketches: np.ndarray, halves: SpilledRecords, kind: np.dtype) -> None:
    """Documents with the sketches of their survivors."""
    at = places(sketches["key"], pairs["key"])
    half = np.empty(np.count_nonzero(at >= 0), kind)
    half["key"], half["sketch"] = pairs["document"][at >= 0], sketches["sketch"][at[at >= 0]]
    halves.add(half)


def _unlike(halves: np.ndarray, sketches: np.ndarray, least: int) -> Hashes:
    at = places(sketches["key"], halves["key"])
    one, other = halves["sketch"][at >= 0], sketches["sketch"][at[at >= 0]]
    equal = ((one == other) & (one != 0)).sum(axis=1, dtype=np.int64)
    filled = ((one | other) != 0).sum(axis=1, dtype=np.int64)
    return np.asarray(halves["key"][at >= 0][equal * 10**6 < least * filled])


def _width(keys: Sequence[Path]) -> int:
    """Bytes of a sketch; 1 where there is none."""
    first = next((batch for path in keys for batch in read_batches(path)), None)
    if first is None or first.schema.get_field_index("sketch") < 0:
        return 1
    kind = first.schema.field("sketch").type
    return int(kind.byte_width) if pa.types.is_fixed_size_binary(kind) else 1


def _sketches(
    path: Path, batch: pa.RecordBatch, rows: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.uint8]:
    """uint8 [rows, width]."""
    place = batch.schema.get_field_index("sketch")
    sound = place >= 0 and pa.types.is_fixed_size_binary(batch.schema.field(place).type)
    check(sound, path, "has no sketches")
    check(batch.schema.field(place).type.byte_width == width, path, "has sketches of two sizes in its keys")
    check(batch.column(place).null_count == 0, path, "has documents without a sketch")
    taken = batch.column(place).take(pa.array(rows)).buffers()[1] or b""
    return np.frombuffer(taken, np.uint8, width * len(rows)).reshape(-1, width)
