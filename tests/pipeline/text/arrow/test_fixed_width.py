"""Binary columns of one width as arrays: slices, filtered and empty columns too."""

from __future__ import annotations

import pyarrow as pa
import pytest
import xxhash

from pipeline.text.arrow.fixed_width import byte_rows, leading_uint64
from pipeline.text.arrow.text_hashes import hashes

VALUES = [bytes(range(start, start + 16)) for start in range(5)]
KINDS = pytest.mark.parametrize("kind", [pa.binary(16), pa.binary()])


@KINDS
@pytest.mark.parametrize("first", range(6))
def test_a_slice_has_its_own_rows(first: int, kind: pa.DataType) -> None:
    column = pa.array(VALUES, kind).slice(first)
    rows = byte_rows(column)
    assert rows.shape == (5 - first, 16)
    assert [bytes(row) for row in rows] == column.to_pylist()


@KINDS
def test_rows_of_what_was_filtered_taken_and_joined(kind: pa.DataType) -> None:
    column = pa.array(VALUES, kind)
    kept = column.filter(pa.array([False, True, False, True, True]))
    joined = pa.concat_arrays([kept.slice(1), column.take(pa.array([4, 0]))])
    assert [bytes(row) for row in byte_rows(joined)] == [VALUES[number] for number in (3, 4, 4, 0)]


@KINDS
def test_the_first_eight_bytes_are_a_little_endian_number(kind: pa.DataType) -> None:
    column = pa.array(VALUES, kind).slice(1, 3)
    expected = [int.from_bytes(value[:8], "little") for value in column.to_pylist()]
    assert leading_uint64(column).tolist() == expected
    assert leading_uint64(pa.array([], kind)).tolist() == []


@pytest.mark.parametrize("texts", [[], ["", "one", "道"], ["x"] * 300])
def test_hashes_are_sixteen_bytes_each(texts: list[str]) -> None:
    found = hashes(pa.array(["before", *texts]).slice(1))
    found.validate(full=True)
    assert found.type == pa.binary()
    assert found.to_pylist() == [xxhash.xxh3_128_digest(text.encode()) for text in texts]
    assert byte_rows(found).shape == (len(texts), 16)
