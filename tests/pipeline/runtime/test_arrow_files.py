"""Batches of any size become batches of a bounded one, with every row."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from manifests.border.arrow_files import read_batches
from pipeline.runtime.arrow_files import MAX_BYTES, MAX_ROWS, BatchWriter

SCHEMA = pa.schema([("number", pa.int64())])


def batch(rows: int) -> pa.RecordBatch:
    return pa.record_batch([pa.array(range(rows), pa.int64())], schema=SCHEMA)


def written(path: Path, *sizes: int) -> list[int]:
    """The sizes of the batches that batches of these sizes become."""
    writer = BatchWriter(path, SCHEMA)
    for rows in sizes:
        writer.write(batch(rows))
    writer.close()
    assert writer.rows == sum(sizes)
    return [found.num_rows for found in read_batches(path)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((3, MAX_ROWS - 3), [MAX_ROWS]),
        ((3, MAX_ROWS - 2), [3, MAX_ROWS - 2]),
        ((MAX_ROWS, 1), [MAX_ROWS, 1]),
        ((MAX_ROWS + 5,), [MAX_ROWS, 5]),
        ((0, 2, 0, 1), [3]),
        ((), []),
    ],
)
def test_batches_are_joined_up_to_the_limit(
    tmp_path: Path, sizes: tuple[int, ...], expected: list[int]
) -> None:
    assert 8 * MAX_ROWS < MAX_BYTES
    assert written(tmp_path / "part.arrow", *sizes) == expected


def test_large_rows_are_joined_up_to_their_bytes(tmp_path: Path) -> None:
    schema = pa.schema([("text", pa.string())])
    half = pa.record_batch([pa.array(["x" * (MAX_BYTES // 2)])], schema=schema)
    writer = BatchWriter(tmp_path / "part.arrow", schema)
    for _ in range(3):
        writer.write(half)
    writer.close()
    assert sum(found.num_rows for found in read_batches(tmp_path / "part.arrow")) == 3
    assert max(found.nbytes for found in read_batches(tmp_path / "part.arrow")) <= MAX_BYTES + half.nbytes
