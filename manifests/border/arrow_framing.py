"""Where the record batches of an Arrow file of a run lie, and whether their buffers do.

Ours are neither compressed nor dictionaries, so that none asks for more memory than the file has bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from manifests.border.arrow_messages import BATCH, BUFFER, MAGIC, blocks, message, read
from manifests.border.flatbuffers import UnreadableError, number
from manifests.border.regular_file import regular
from manifests.border.unsound_file import UnsoundFileError, check


def check_framing(path: Path) -> None:
    """Of a file that a run's steps write.

    Raises:
        UnsoundFileError: the file is no Arrow file, is cut, or has buffers outside of it, compressed ones or
            dictionaries.
    """
    size = regular(path).stat().st_size
    with path.open("rb") as file:
        try:
            _check(file, size, path)
        except UnreadableError:
            raise UnsoundFileError("is no whole Arrow file", where=path) from None


def _check(file: BinaryIO, size: int, path: Path) -> None:
    if read(file, 0, len(MAGIC)) != MAGIC or read(file, size - len(MAGIC), len(MAGIC)) != MAGIC:
        raise UnreadableError
    dictionaries, batches = blocks(file, size)
    check(not dictionaries, path, "has dictionaries, which no step writes")
    for offset in batches:
        kind, header, begin, body = message(file, offset)
        check(kind == BATCH and header is not None, path, f"has no record batch at byte {offset}")
        check(0 <= body <= size - begin, path, f"the record batch at byte {offset} leads out of the file")
        assert header is not None
        check(header.table(3) is None, path, "is compressed, as no step writes it")
        for place in header.structs(2, BUFFER):
            at, length = (number(header.data, place + k, "q") for k in (0, 8))
            inside = 0 <= at <= body and 0 <= length <= body - at
            check(inside, path, f"a buffer of the record batch at byte {offset} leads out of it")
