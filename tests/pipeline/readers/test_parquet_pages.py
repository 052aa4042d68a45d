"""Footers and page headers of Parquet: as pyarrow reads them, and of damaged ones nothing but an end."""

from __future__ import annotations

import io
import itertools
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.readers.parquet_pages import check_pages, row_groups_of
from tests.pipeline.steps.ingest.samples import LAOZI, ROWS

TABLE = pa.table(
    {
        "text": [*ROWS, LAOZI, None] * 20,
        "own": [[{"a": 1, "名": True}], [], None, [{"a": 2, "名": None}], [], None] * 20,
        "score": [0.5, None, 1.0, 2.0, 3.0, 4.0] * 20,
    }
)


def written(**options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(TABLE, sink, row_group_size=50, **options)
    return sink.getvalue()


KINDS: dict[str, dict[str, Any]] = {
    "plain": {"use_dictionary": False, "compression": "none"},
    "dictionary": {"compression": "zstd", "data_page_size": 200},
    "version 2": {"data_page_version": "2.0", "write_page_index": True, "write_page_checksum": True},
    "without statistics": {"write_statistics": False, "store_schema": False},
}


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_are_those_that_pyarrow_finds(kind: str) -> None:
    data = written(**KINDS[kind])
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    found = row_groups_of(io.BytesIO(data))
    assert len(found) == metadata.num_row_groups == 3
    for number, (size, chunks) in enumerate(found):
        group = metadata.row_group(number)
        columns = [group.column(index) for index in range(group.num_columns)]
        assert size == group.total_byte_size
        assert [(".".join(one.path), one.size, one.end - one.start) for one in chunks] == [
            (one.path_in_schema, one.total_uncompressed_size, one.total_compressed_size) for one in columns
        ]
        assert [one.start for one in chunks] == [
            one.dictionary_page_offset or one.data_page_offset for one in columns
        ]


class Counted(io.BytesIO):
    """Remembers where it was read from."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.places: list[int] = []

    def read(self, size: int | None = -1) -> bytes:
        self.places.append(self.tell())
        return super().read(size)


def test_every_page_of_the_wanted_columns_is_looked_at_once() -> None:
    data = written(**KINDS["dictionary"])
    for group in row_groups_of(io.BytesIO(data)):
        stream = Counted(data)
        check_pages(stream, group, ["text"])
        (chunk,) = (one for one in group.chunks if one.path == ("text",))
        assert stream.places[0] == chunk.start
        assert len(stream.places) >= 2
        assert all(chunk.start <= place < chunk.end for place in stream.places)
        assert sorted(set(stream.places)) == stream.places


@pytest.mark.parametrize("kind", ["plain", "dictionary"])
def test_damaged_footers_and_headers_end_the_check_and_nothing_else(kind: str) -> None:
    data = written(**KINDS[kind])
    first = row_groups_of(io.BytesIO(data))[0]
    length = int.from_bytes(data[-8:-4], "little")
    values = itertools.cycle(b"\x00\x19\x2c\x58\xff")
    for place in range(len(data) - 8 - length, len(data)):
        assert isinstance(row_groups_of(io.BytesIO(_changed(data, place, next(values)))), list)
    for place in range(first.chunks[0].start, first.chunks[0].start + 200):
        with suppress(pa.ArrowInvalid):
            check_pages(io.BytesIO(_changed(data, place, next(values))), first, None)


def _changed(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + bytes((value,)) + data[place + 1 :]


def test_what_is_no_parquet_has_no_row_groups() -> None:
    data = written()
    for cut in (b"", b"PAR1", data[:-1], data[: len(data) // 2], data[-20:], b"\x15" * 100 + data[-8:]):
        assert row_groups_of(io.BytesIO(cut)) == []
