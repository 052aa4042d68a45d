"""Rows of tables as packets of a shuffle: Arrow messages without their schema; and files as bytes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa


def dealt_rows(buckets: np.ndarray, table: pa.Table, count: int) -> Iterator[tuple[int, bytes]]:
    """(bucket, its rows) of each of ``count`` buckets that has any."""
    order = np.argsort(buckets, kind="stable")
    table = table.take(pa.array(order)).combine_chunks()
    borders = np.searchsorted(buckets[order], np.arange(count + 1))
    for bucket in np.flatnonzero(np.diff(borders)).tolist():
        for batch in table.slice(borders[bucket], borders[bucket + 1] - borders[bucket]).to_batches():
            yield bucket, batch.serialize().to_pybytes()


def gathered_rows(payloads: list[bytes], schema: pa.Schema) -> pa.Table:
    """A bucket's rows."""
    source, batches = pa.BufferReader(b"".join(payloads)), []
    while source.tell() < source.size():
        batches.append(pa.ipc.read_record_batch(pa.ipc.read_message(source), schema))
    return pa.Table.from_batches(batches, schema)


def file_of(table: pa.Table) -> bytes:
    """The content of a file of these rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    content: bytes = sink.getvalue().to_pybytes()
    return content
