"""Parquet: a document a row, row group by row group; a damaged group costs no other one."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.schema.sources import Source
from pipeline.readers.columns import DAMAGE, documents, only_damage, wanted_columns
from pipeline.readers.compressed import DamagedFileError
from pipeline.readers.expansion import within
from pipeline.readers.input_files import InputFile
from pipeline.readers.parquet_pages import check_pages, row_groups_of
from pipeline.readers.raw_documents import raw_row

_ROWS = 256
_BUFFER = 1 << 20
_MAGIC = b"PAR1"


def row_groups(file: InputFile, text_field: str) -> list[int]:
    """Bytes of text of each row group, none if the file is damaged."""
    try:
        with file.open() as stream, pq.ParquetFile(stream):
            groups = row_groups_of(stream)
    except DAMAGE as error:
        only_damage(error)
        return []
    texts = [[chunk.size for chunk in group.chunks if chunk.path == (text_field,)] for group in groups]
    return [sum(text) if text else group.size for text, group in zip(texts, groups, strict=True)]


def read_parquet(
    source: Source, file: InputFile, name: str, start: int, end: int | None, limit: int
) -> Iterator[pa.RecordBatch]:
    """RAW batches of the rows of row groups [start, end); a document is called by its row's number in the
    file.

    Pages are read one after the other, so that memory grows with a page of text and not with the file.

    Raises (from the iterator):
        DamagedFileError: the file's table of contents cannot be read, or the same values make far more text
            than the file can mean.
    """
    yield from within(_read_groups(source, file, name, start, end, limit), file.size, "corrupt_parquet")


def _read_groups(
    source: Source, file: InputFile, name: str, start: int, end: int | None, limit: int
) -> Iterator[pa.RecordBatch]:
    with file.open() as stream:
        try:
            parquet = pq.ParquetFile(
                stream, buffer_size=_BUFFER, pre_buffer=False, page_checksum_verification=True
            )
        except DAMAGE as error:
            only_damage(error)
            raise _damage(file, error) from None
        groups = range(parquet.num_row_groups)
        first = sum(parquet.metadata.row_group(group).num_rows for group in groups[:start])
        pages = row_groups_of(stream)
        for group in groups[start:end]:
            rows = range(first, first + parquet.metadata.row_group(group).num_rows)
            first = rows.stop
            try:
                columns = wanted_columns(source, parquet.schema_arrow)
                for each in pages[group : group + 1]:
                    check_pages(stream, each, columns, file.limits)
            except DAMAGE as error:
                only_damage(error)
                yield _lost(name, group, rows, error)
                continue
            yield from _read_group(source, parquet, columns, name, group, rows, limit)


def _read_group(
    source: Source,
    parquet: pq.ParquetFile,
    columns: list[str] | None,
    name: str,
    group: int,
    rows: range,
    limit: int,
) -> Iterator[pa.RecordBatch]:
    try:
        for batch in parquet.iter_batches(_ROWS, row_groups=[group], columns=columns, use_threads=False):
            keys = pa.array([f"{name}#{row}" for row in rows[: batch.num_rows]], pa.string())
            yield from documents(source, batch, keys, limit)
            rows = rows[batch.num_rows :]
    except DAMAGE as error:
        only_damage(error)
        yield _lost(name, group, rows, error)


def _lost(name: str, group: int, rows: range, error: Exception) -> pa.RecordBatch:
    return raw_row(
        f"{name}#{rows.start}",
        b"",
        reason="corrupt_parquet",
        detail=f"rows {rows.start} to {rows.stop - 1} (row group {group}): {error}",
    )


def _damage(file: InputFile, error: Exception) -> DamagedFileError:
    with file.open() as stream:
        head = stream.read(len(_MAGIC))
        stream.seek(max(file.size - len(_MAGIC), 0))
        tail = stream.read()
    if head not in (_MAGIC, b"PARE"):
        return DamagedFileError("not_parquet", f"the file begins with {head!r}")
    return DamagedFileError(
        "truncated_parquet" if tail not in (_MAGIC, b"PARE") else "corrupt_parquet", str(error)
    )
