"""How large the messages of Arrow IPC files and streams say their buffers are, before one is decompressed.

A compressed buffer begins with its length, -1 where it is stored as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from manifests.border.arrow_messages import BATCH, BUFFER, DICTIONARY, message, read
from manifests.border.flatbuffers import Table, UnreadableError, number
from pipeline.readers.expansion import check_expansion
from pipeline.readers.limits import DEFAULT, Limits


def check_message(stream: BinaryIO, at: int, limits: Limits = DEFAULT) -> tuple[int, int]:
    """The kind of the message at an offset, and where the next one is.

    Raises:
        pa.ArrowInvalid: its buffers expand to far more than text does.
        UnreadableError: there is none.
    """
    kind, header, begin, body = message(stream, at)
    if body < 0 or header is None:
        raise UnreadableError
    batch = header.table(1) if kind == DICTIONARY else header
    if kind in (DICTIONARY, BATCH) and batch is not None and batch.table(3) is not None:
        expanded = sum(_expanded(stream, begin, batch))
        check_expansion("a record batch", expanded, body, limits)
    return kind, begin + body


def check_batches(stream: BinaryIO, at: int, limits: Limits = DEFAULT) -> Iterator[None]:
    """Checks a stream's messages from an offset on, as far as the next record batch at a time.

    Raises (from the iterator):
        pa.ArrowInvalid: what comes expands to far more than text does.
    """
    while True:
        try:
            kind, at = check_message(stream, at, limits)
        except UnreadableError:
            yield None
            return
        if kind == BATCH:
            yield None


def _expanded(stream: BinaryIO, body: int, batch: Table) -> Iterator[int]:
    """Bytes of each buffer, decompressed."""
    for place in batch.structs(2, BUFFER):
        offset, length = (number(batch.data, place + k, "q") for k in (0, 8))
        if length >= 8 and offset >= 0:
            told = number(read(stream, body + offset, 8), 0, "q")
            yield length - 8 if told < 0 else told
