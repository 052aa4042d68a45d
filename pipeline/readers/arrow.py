"""Arrow IPC files (Feather is one) and streams: a document a row, record batch by record batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa

from manifests.border.arrow_messages import MAGIC, blocks
from manifests.border.flatbuffers import UnreadableError
from manifests.credentials import without_credentials
from manifests.schema.source_paths import is_url
from manifests.schema.sources import Source
from pipeline.readers.arrow_messages import check_batches, check_message
from pipeline.readers.columns import DAMAGE, documents, only_damage, wanted_columns
from pipeline.readers.compressed import DamagedFileError
from pipeline.readers.expansion import within
from pipeline.readers.input_files import InputFile
from pipeline.readers.limits import Limits
from pipeline.readers.raw_documents import raw_row

_PADDED = 8
# Even a null takes a bit, if it is not one of few.
_FEW_ROWS = 1 << 16


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
        DamagedFileError: after the last batch that could be read, or where the same values make far more text
            than the file can mean.
    """
    with _opened(file) as data:
        is_file = data.read(len(MAGIC)) == MAGIC
        data.seek(0)
        try:
            reader = pa.ipc.open_file(data) if is_file else None
        except DAMAGE as error:
            only_damage(error)
            reader = None
        if reader is None:
            # Without its table of contents a file still is a stream, after eight bytes.
            found = _read_stream(source, file, data, name, limit, is_file)
        else:
            found = _read_file(
                source, file, data, reader, name, range(reader.num_record_batches)[start:end], limit
            )
        yield from within(found, file.size, "corrupt_arrow")


def _read_file(
    source: Source,
    file: InputFile,
    data: pa.NativeFile,
    reader: pa.ipc.RecordBatchFileReader,
    name: str,
    numbers: range,
    limit: int,
) -> Iterator[pa.RecordBatch]:
    batches = _blocks(data, file.size, file.limits)
    for number in numbers:
        try:
            _check(data, batches[number : number + 1], file.limits)
            batch = reader.get_batch(number)
        except DAMAGE as error:
            only_damage(error)
            yield _lost(name, number, str(error))
            continue
        yield from _read_batch(source, batch, name, number, limit)


def _blocks(data: pa.NativeFile, size: int, limits: Limits) -> list[int]:
    """Offsets of a file's record batches, none where its footer cannot be read here.

    Raises:
        DamagedFileError: a dictionary expands to far more than text does.
    """
    try:
        dictionaries, batches = blocks(data, size)
        _check(data, dictionaries, limits)
    except UnreadableError:
        return []
    except DAMAGE as error:
        only_damage(error)
        raise DamagedFileError("corrupt_arrow", str(error)) from None
    return batches


def _check(data: pa.NativeFile, offsets: list[int], limits: Limits) -> None:
    for offset in offsets:
        with suppress(UnreadableError):
            check_message(data, offset, limits)


def _read_stream(
    source: Source, file: InputFile, data: pa.NativeFile, name: str, limit: int, was_file: bool
) -> Iterator[pa.RecordBatch]:
    reason = "truncated_arrow" if was_file else "not_arrow"
    begin = _PADDED if was_file else 0
    number = 0
    try:
        with _opened(file) as beside:
            checks = check_batches(beside, begin, file.limits)
            data.seek(begin)
            next(checks, None)
            with pa.ipc.open_stream(data) as reader:
                reason = "truncated_arrow"
                for batch in reader:
                    yield from _read_batch(source, batch, name, number, limit)
                    number += 1
                    next(checks, None)
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
    try:
        wanted = wanted_columns(source, batch.schema)
        if batch.num_rows > max(_FEW_ROWS, 8 * batch.get_total_buffer_size()):
            raise pa.ArrowInvalid("rows that take no room")
        keys = pa.array([f"{name}#{number}.{row}" for row in range(batch.num_rows)], pa.string())
        if batch.num_rows:
            yield from documents(source, batch if wanted is None else batch.select(wanted), keys, limit)
    except DAMAGE as error:
        only_damage(error)
        yield _lost(name, number, f"{batch.num_rows} rows: {error}")


def _lost(name: str, number: int, detail: str) -> pa.RecordBatch:
    told = f"record batch {number}: {without_credentials(detail)}"
    return raw_row(f"{name}#{number}", b"", reason="corrupt_arrow", detail=told)


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
