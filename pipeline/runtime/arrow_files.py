"""Arrow IPC files: atomic hashed writing in batches of a healthy size. ``manifests.border`` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from manifests.files import atomic_write, cached_sha256, failed_write
from manifests.schema.steps import File
from manifests.store.local_copy import local

MAX_ROWS = 2000
MAX_BYTES = 16_000_000


class BatchWriter:
    """Writes record batches to an Arrow IPC file, gathering small ones, so that filtering does not leave
    crumbs. ``path`` is one of ``atomic_write``, which may be far away when writing fails: the file is removed
    here."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._pending_bytes = 0
        with self._told():
            self._writer = pa.ipc.new_file(path, schema)
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds a batch, of any number of rows and of the writer's schema."""
        if batch.num_rows == 0:
            return
        if self._pending and (
            self._pending_rows + batch.num_rows > MAX_ROWS or self._pending_bytes + batch.nbytes > MAX_BYTES
        ):
            self._flush()
        self._pending.append(batch)
        self._pending_rows += batch.num_rows
        self._pending_bytes += batch.nbytes

    def _flush(self) -> None:
        if self._pending:
            table = pa.Table.from_batches(self._pending, self._schema).combine_chunks()
            with self._told():
                self._writer.write_table(table, max_chunksize=MAX_ROWS)
            self.rows += self._pending_rows
            self._pending, self._pending_rows, self._pending_bytes = [], 0, 0

    def close(self) -> None:
        """Writes what is pending, and the file's end."""
        self._flush()
        with self._told():
            self._writer.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            known = failed_write(error, self._path)
            if known is None:
                raise
            raise known from error


def describe(path: Path, relative_to: Path, rows: int) -> File:
    """The manifest entry of a finished file."""
    here = local(path)
    return File(
        path=path.relative_to(relative_to).as_posix(),
        sha256=cached_sha256(here),
        bytes=here.stat().st_size,
        rows=rows,
    )


def write_batches(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Writes an Arrow IPC file atomically and returns its number of rows."""
    with atomic_write(path) as temporary:
        writer = BatchWriter(temporary, schema)
        for batch in batches:
            writer.write(batch)
        writer.close()
    return writer.rows
