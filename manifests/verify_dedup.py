"""Checks what deduplication promises: a document is dropped for one that stays, and the two are similar."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import read_batches
from manifests.border.unsound_file import check
from manifests.files import safe_join
from manifests.schema.documents import REJECTED, some
from manifests.schema.steps import StepManifest

DETAIL = r"^cluster=\S* survivor=(?P<survivor>.*) similarity=(?P<similarity>[01]\.\d\d)(?P<index> index=.*)?$"
ROWS = 10_000
_REJECTED = some(REJECTED, "id", "reason", "detail")
UInt8 = npt.NDArray[np.uint8]


def duplicates_without_survivor(folder: Path, manifest: StepManifest) -> list[str]:
    """Problems of a dedup folder whose files are sound.

    Of duplicates of an earlier run's documents only the stated similarity is known here: that run is verified
    by itself. Memory: ids of all documents, and 10 MB of sketches.
    """
    kept = _column(folder, [part.kept.path for part in manifest.parts], "id").unique()
    keys = [file.path for file in manifest.files if file.path.startswith("keys/")]
    known = _column(folder, keys, "id").combine_chunks()
    least = round(float(manifest.settings.get("dedup", {}).get("similarity", 0)) * 10**6)
    problems: list[str] = []
    for part in manifest.parts:
        for batch in read_batches(safe_join(folder, part.rejected.path), _REJECTED):
            found = _duplicates(batch)
            for what, bad in (
                ("a document that does not stay", _gone(found, kept)),
                (
                    "one that is less similar than dedup.similarity",
                    _unlike(found, folder, keys, known, least),
                ),
            ):
                names = found.filter(bad)["id"]
                if len(names):
                    problems.append(
                        f"{folder / part.rejected.path}: {len(names)} documents are rejected for {what}, "
                        f"such as {names[0].as_py()!r}"
                    )
    return problems


def _duplicates(batch: pa.RecordBatch) -> pa.Table:
    """Columns id, near, survivor (null where the detail names none), similarity, here (whether the survivor
    is of this run)."""
    table = pa.table({name: batch.column(name) for name in ("id", "reason", "detail")})
    table = table.filter(pc.is_in(table["reason"], pa.array(["exact_duplicate", "near_duplicate"])))
    stated = pc.extract_regex(table["detail"].cast(pa.string()), DETAIL)
    return pa.table(
        {
            "id": table["id"],
            "near": pc.equal(table["reason"], "near_duplicate"),
            "survivor": pc.struct_field(stated, "survivor"),
            "similarity": pc.struct_field(stated, "similarity"),
            "here": pc.equal(pc.struct_field(stated, "index"), ""),
        }
    )


def _gone(found: pa.Table, kept: pa.Array) -> pa.ChunkedArray:
    """Which name no survivor, or one of this run that is not kept."""
    return pc.if_else(
        pc.is_null(found["survivor"]),
        True,
        pc.and_(found["here"], pc.invert(pc.is_in(found["survivor"], kept))),
    )


def _unlike(
    found: pa.Table, folder: Path, keys: list[str], known: pa.Array, least: int
) -> npt.NDArray[np.bool_]:
    """Which near-duplicates are less similar to their survivors than ``least`` millionths, by the sketches of
    both; by what is stated where the survivor is in an index."""
    stated = pc.multiply(pc.fill_null(found["similarity"], "1").cast(pa.float64()), 1e6).to_numpy()
    near, here = (pc.fill_null(found[name], False).to_numpy() for name in ("near", "here"))
    # Two places are written.
    unlike = near & ~here & (stated < least - 5000.5)
    pairs = [pc.index_in(found[name], known).to_numpy(zero_copy_only=False) for name in ("id", "survivor")]
    rows = np.flatnonzero(near & here & ~np.isnan(np.asarray(pairs, float)).any(axis=0))
    for begin in range(0, len(rows), ROWS):
        some = rows[begin : begin + ROWS]
        one, other = (
            _sketches(folder, keys, np.asarray(side, float)[some].astype(np.int64)) for side in pairs
        )
        equal = ((one == other) & (one != 0)).sum(axis=1, dtype=np.int64)
        filled = ((one | other) != 0).sum(axis=1, dtype=np.int64)
        unlike[some] = equal * 10**6 < least * filled
    return np.asarray(unlike)


def _sketches(folder: Path, keys: list[str], rows: npt.NDArray[np.int64]) -> UInt8:
    """Sketches uint8 [rows, bytes] of documents by their place in all key files."""
    taken: list[UInt8] = []
    order = np.argsort(rows, kind="stable")
    first = 0
    for key in keys:
        for batch in read_batches(safe_join(folder, key)):
            _check_sketches(folder / key, batch)
            begin, end = np.searchsorted(rows[order], [first, first + batch.num_rows])
            if begin < end:
                some = batch.column("sketch").take(pa.array(rows[order[begin:end]] - first))
                width = some.type.byte_width
                taken.append(np.frombuffer(some.buffers()[1], np.uint8, width * len(some)).reshape(-1, width))
            first += batch.num_rows
    check(len({part.shape[1] for part in taken}) == 1, folder, "has sketches of two sizes in its keys")
    found = np.concatenate(taken)
    back = np.empty_like(found)
    back[order] = found
    return back


def _check_sketches(path: Path, batch: pa.RecordBatch) -> None:
    place = batch.schema.get_field_index("sketch")
    check(
        place >= 0 and pa.types.is_fixed_size_binary(batch.schema.field(place).type), path, "has no sketches"
    )
    check(batch.column(place).null_count == 0, path, "has documents without a sketch")


def _column(folder: Path, files: list[str], name: str) -> pa.ChunkedArray:
    chunks = [
        batch.column(name)
        for file in files
        for batch in read_batches(safe_join(folder, file), pa.schema([(name, pa.string())]))
    ]
    return pa.chunked_array(chunks, pa.string())
