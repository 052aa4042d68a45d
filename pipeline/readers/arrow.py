"""Arrow IPC files (Feather is one) and streams: a document a row, record batch by record batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from manifests.schema.sources import Source
from pipeline.readers.columns import DAMAGE, documents, only_damage, wanted_columns
from pipeline.readers.compressed import DamagedFileError
from pipeline.readers.input_files import InputFile, is_url
from pipeline.readers.raw_documents import raw_row

_MAGIC = b"ARROW1"
_PADDED = 8


def arrow_batches(file: InputFile) -> list[int]:
    """Bytes of each record batch, about; none if the file is a stream or damaged, which cannot be read from
    the middle."""
    try:
        with _opened(file) as data, pa.ipc.open_file(data) as reader:
            return (
                [file.size // reader.num_record_batches] * reader.num_record_batches
                if reader.num_record_batches
                else []
            )
    except DAMAGE as error:
        only_damage(error)
        return []


def read_arrow(
    source: Source, file: InputFile, name: str, start: int, end: int | None, limit: int
) -> Iterator[pa.RecordBatch]:
    """RAW batches of the rows of record batches [start, end); a document is called by the numbers of its
    batch and of its row in it.

    Memory grows with the largest record batch, not with the file.

    Raises (from the iterator):
        DamagedFileError: after the last batch that could be read.
    """
    with _opened(file) as data:
        is_file = data.read(len(_MAGIC)) == _MAGIC
        data.seek(0)
        try:
            reader = pa.ipc.open_file(data) if is_file else None
        except DAMAGE as error:
            only_damage(error)
            # Without its table of contents a file still is a stream, after eight bytes.
            data.seek(_PADDED)
            reader = None
        if reader is None:
            yield from _read_stream(source, data, name, limit, is_file)
            return
        for number in range(reader.num_record_batches)[start:end]:
            try:
                batch = reader.get_batch(number)
            except DAMAGE as error:
                only_damage(error)
                yield _lost(name, number, str(error))
                continue
            yield from _read_batch(source, batch, name, number, limit)


def _read_stream(
    source: Source, data: pa.NativeFile, name: str, limit: int, was_file: bool
) -> Iterator[pa.RecordBatch]:
    reason = "truncated_arrow" if was_file else "not_arrow"
    number = 0
    try:
        with pa.ipc.open_stream(data) as reader:
            reason = "truncated_arrow"
            for batch in reader:
                yield from _read_batch(source, batch, name, number, limit)
                number += 1
    except DAMAGE as error:
        only_damage(error)
        raise DamagedFileError(reason, f"record batch {number}: {error}") from None
    if was_file:
        raise DamagedFileError(
            "corrupt_arrow", f"its footer is damaged; {number} record batches were read without it"
        )


def _read_batch(
    source: Source, batch: pa.RecordBatch, name: str, number: int, limit: int
) -> Iterator[pa.RecordBatch]:
    wanted = wanted_columns(source, batch.schema)
    try:
        keys = pa.array([f"{name}#{number}.{row}" for row in range(batch.num_rows)], pa.string())
        if batch.num_rows:
            yield from documents(source, batch if wanted is None else batch.select(wanted), keys, limit)
    except DAMAGE as error:
        only_damage(error)
        yield _lost(name, number, f"{batch.num_rows} rows: {error}")


def _lost(name: str, number: int, detail: str) -> pa.RecordBatch:
    return raw_row(f"{name}#{number}", b"", reason="corrupt_arrow", detail=f"record batch {number}: {detail}")


@contextmanager
def _opened(file: InputFile) -> Iterator[pa.NativeFile]:
    # Not mapped: the pages of a mapped file count as this process's memory, which then would grow with the
    # file.
    if is_url(file.location):
        with file.open() as stream, pa.PythonFile(stream, "r") as data:
            yield data
    else:
        with pa.OSFile(file.location) as data:
            yield data
