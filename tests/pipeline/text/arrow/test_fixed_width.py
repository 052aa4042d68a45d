"""Fixed-size binary columns as arrays: slices and empty columns too."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.text.arrow.fixed_width import byte_rows, leading_uint64

COLUMN = pa.array([bytes(range(start, start + 16)) for start in range(5)], pa.binary(16))


@pytest.mark.parametrize("first", range(6))
def test_a_slice_has_its_own_rows(first: int) -> None:
    rows = byte_rows(COLUMN.slice(first))
    assert rows.shape == (5 - first, 16)
    assert [bytes(row) for row in rows] == COLUMN.slice(first).to_pylist()


def test_the_first_eight_bytes_are_a_little_endian_number() -> None:
    expected = [int.from_bytes(value[:8], "little") for value in COLUMN.slice(1, 3).to_pylist()]
    assert leading_uint64(COLUMN.slice(1, 3)).tolist() == expected
    assert leading_uint64(pa.array([], pa.binary(16))).tolist() == []
