"""Small files that say gigabytes: refused or given piece by piece, in bounded memory; what is large for a
reason is read."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.schema.sources import Source
from pipeline.readers.arrow import read_arrow
from pipeline.readers.compressed import DamagedFileError
from pipeline.readers.input_files import InputFile
from pipeline.readers.parquet import read_parquet
from tests.pipeline.steps.ingest.samples import ROWS

HOSTILE = Path(__file__).parents[4] / "shared" / "cases" / "hostile"
LONG = 80 << 20
MEGABYTE = "There should be one obvious way to do it. " * 25_000


@pytest.fixture
def pool() -> Iterator[pa.MemoryPool]:
    """What the test allocates from Arrow."""
    before = pa.default_memory_pool()
    mine = pa.proxy_memory_pool(before)
    pa.set_memory_pool(mine)
    yield mine
    pa.set_memory_pool(before)


def source(form: str, **keys: Any) -> Source:
    return Source.model_validate({"name": "s", "path": "a", "format": form, **keys})


def read(path: Path, form: str, limit: int = 1 << 30, **keys: Any) -> tuple[list[Any], list[str], str | None]:
    """Sizes of the texts, reasons and details of the rejects, and what ended the file."""
    reader = {"parquet": read_parquet, "arrow": read_arrow}[form]
    sizes: list[Any] = []
    rejects: list[str] = []
    try:
        for batch in reader(source(form, **keys), InputFile.of(path), "a", 0, None, limit):
            for row in batch.select(["size", "reason", "detail"]).to_pylist():
                if row["reason"]:
                    rejects.append(f"{row['reason']}: {row['detail']}")
                else:
                    sizes.append(row["size"])
    except DamagedFileError as error:
        return sizes, rejects, f"{error.reason}: {error}"
    return sizes, rejects, None


def ipc(path: Path, *batches: pa.RecordBatch, stream: bool = False, **options: Any) -> Path:
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(str(path), batches[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return path


def column(*values: Any) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array(values, pa.string())})


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_page_of_far_more_than_is_stored_costs_its_row_group(
    tmp_path: Path, pool: pa.MemoryPool, version: str
) -> None:
    with pq.ParquetWriter(
        tmp_path / "a", column("").schema, compression="zstd", use_dictionary=False, data_page_version=version
    ) as writer:
        for value in (ROWS[0], "a" * LONG, ROWS[1]):
            writer.write_batch(column(value))
    before = pool.bytes_allocated()
    sizes, rejects, end = read(tmp_path / "a", "parquet")
    assert (sizes, end) == ([len(ROWS[0]), len(ROWS[1])], None)
    assert len(rejects) == 1
    assert rejects[0].startswith(
        "corrupt_parquet: rows 1 to 1 (row group 1): column 'text' has a page of 838860"
    )
    assert before == 0 or pool.bytes_allocated() <= before


def test_a_dictionary_of_one_long_text_for_many_rows_is_given_piece_by_piece(
    tmp_path: Path, pool: pa.MemoryPool
) -> None:
    pq.write_table(pa.table({"text": pa.array([MEGABYTE]).take(pa.array([0] * 200))}), tmp_path / "a")
    pq.write_table(
        pa.table({"text": pa.DictionaryArray.from_arrays([0] * 100_000, [MEGABYTE])}), tmp_path / "b"
    )
    base = pool.max_memory()
    assert read(tmp_path / "a", "parquet") == ([len(MEGABYTE)] * 200, [], None)
    stored = (tmp_path / "b").stat().st_size
    sizes, rejects, end = read(tmp_path / "b", "parquet")
    most = max(1 << 28, 1000 * stored)
    assert stored < 100_000
    assert most - (1 << 26) < sum(sizes) <= most
    assert rejects == []
    assert end == f"corrupt_parquet: over {most} bytes of text in a file of {stored}: the rest is left out"
    assert pool.max_memory() < base + (300 << 20)


@pytest.mark.parametrize("name", ["id", "own"])
def test_another_column_of_the_same_kind_is_given_so_too(
    tmp_path: Path, pool: pa.MemoryPool, name: str
) -> None:
    columns = {"text": [ROWS[0]] * 80, name: pa.DictionaryArray.from_arrays([0] * 80, [MEGABYTE])}
    pq.write_table(pa.table(columns), tmp_path / "a")
    base = pool.max_memory()
    sizes, _, _ = read(tmp_path / "a", "parquet", id_field="id", keep_fields=["own"])
    assert sizes == [len(ROWS[0])] * 80
    assert pool.max_memory() < base + (200 << 20)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_a_record_batch_of_far_more_than_is_stored_is_refused(
    tmp_path: Path, pool: pa.MemoryPool, stream: bool, compression: str
) -> None:
    batches = [column(ROWS[0]), column("a" * LONG), column(ROWS[1])]
    path = ipc(tmp_path / "a", *batches, stream=stream, compression=compression)
    del batches
    stored, base = path.stat().st_size, pool.bytes_allocated()
    sizes, rejects, end = read(path, "arrow")
    if stream:
        assert (sizes, rejects) == ([len(ROWS[0])], [])
        assert (end or "").startswith("truncated_arrow: record batch 1: a record batch of 838860")
    else:
        assert (sizes, end) == ([len(ROWS[0]), len(ROWS[1])], None)
        assert rejects[0].startswith("corrupt_arrow: record batch 1: a record batch of 838860")
    assert stored < LONG / 200
    gc.collect()  # an error's traceback holds what it was raised over
    assert pool.bytes_allocated() <= base


def test_a_compressed_dictionary_of_an_arrow_file_ends_it(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays([0, 0], ["a" * LONG])
    path = ipc(tmp_path / "a", pa.record_batch({"text": column}), compression="zstd")
    sizes, rejects, end = read(path, "arrow")
    assert (sizes, rejects) == ([], [])
    assert (end or "").startswith("corrupt_arrow: a record batch of 838860")


@pytest.mark.parametrize("stream", [False, True])
def test_views_and_dictionaries_of_one_text_are_given_piece_by_piece(
    tmp_path: Path, pool: pa.MemoryPool, stream: bool
) -> None:
    size = len(MEGABYTE)
    view = size.to_bytes(4, "little") + MEGABYTE[:4].encode() + bytes(8)
    views = pa.Array.from_buffers(
        pa.string_view(), 200, [None, pa.py_buffer(view * 200), pa.py_buffer(MEGABYTE.encode())]
    )
    twice = pa.DictionaryArray.from_arrays([0] * 200, [MEGABYTE])
    for number, array in enumerate((views, twice)):
        path = ipc(tmp_path / str(number), pa.record_batch({"text": array}), stream=stream)
        base = pool.max_memory()
        assert read(path, "arrow") == ([size] * 200, [], None)
        assert pool.max_memory() < base + (300 << 20)


def test_rows_that_take_no_room_are_no_rows(tmp_path: Path) -> None:
    batch = pa.RecordBatch.from_arrays([pa.nulls(1 << 17)], ["text"])
    sizes, rejects, end = read(ipc(tmp_path / "a", batch), "arrow")
    assert (sizes, rejects, end) == (
        [],
        [f"corrupt_arrow: record batch 0: {1 << 17} rows: rows that take no room"],
        None,
    )


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_rows_without_columns_have_no_text(tmp_path: Path, form: str) -> None:
    batch = pa.RecordBatch.from_struct_array(pa.array([{}] * 3, pa.struct([])))
    if form == "arrow":
        ipc(tmp_path / "a", batch)
    else:
        pq.write_table(pa.Table.from_batches([batch]), tmp_path / "a")
    sizes, rejects, end = read(tmp_path / "a", form)
    assert (sizes, end) == ([], None)
    assert rejects == ["missing_text: no column 'text'; found none"] * (3 if form == "arrow" else 0)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_what_is_large_for_a_reason_is_read(tmp_path: Path, version: str) -> None:
    digits = random.Random(1).randbytes(LONG // 2).hex()
    texts = [digits[at : at + LONG // 8] for at in range(0, LONG, LONG // 8)]
    table = pa.table(
        {"text": texts, "own": [[text[:9], ROWS[0]] for text in texts], "flag": [True] * len(texts)}
    )
    pq.write_table(
        table, tmp_path / "a", compression="zstd", data_page_version=version, write_page_index=True
    )
    expected = [len(text) for text in texts]
    assert read(tmp_path / "a", "parquet", keep_fields=["*"]) == (expected, [], None)
    path = ipc(tmp_path / "b", *table.select(["text"]).to_batches(), compression="zstd")
    assert read(path, "arrow") == (expected, [], None)


@pytest.mark.skipif(not HOSTILE.exists(), reason="the cases are not beside the checkout")
@pytest.mark.parametrize(("name", "kept"), [("dictbomb", 24), ("page", 0)])
def test_files_that_took_gigabytes_do_not(tmp_path: Path, pool: pa.MemoryPool, name: str, kept: int) -> None:
    base = pool.max_memory()
    sizes, rejects, end = read(HOSTILE / f"{name}.parquet", "parquet")
    assert len(sizes) == kept
    assert (rejects[0] if rejects else str(end)).startswith("corrupt_parquet: ")
    assert pool.max_memory() < base + (300 << 20)
