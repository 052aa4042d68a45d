"""Lines of a file as Arrow columns, with the offsets at which they begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.readers.charset import without_utf16
from pipeline.readers.compressed import DamagedFileError, blocks
from pipeline.readers.input_files import InputFile


class Lines(NamedTuple):
    """``text`` binary [lines] without line feeds; ``offset`` int64 [lines]: byte offset in the (decompressed)
    file, ``size`` int64 [lines]: bytes of the line, more than ``text`` holds where it was cut."""

    text: pa.BinaryArray
    offset: np.ndarray
    size: np.ndarray


@dataclass
class _Open:
    """A line whose end was not seen yet: at most ``limit`` bytes are held, all are counted."""

    limit: int
    pieces: list[bytes] = field(default_factory=list)
    held: int = 0
    size: int = 0

    def add(self, piece: bytes) -> None:
        kept = piece[: max(self.limit - self.held, 0)]
        self.pieces.append(kept)
        self.held += len(kept)
        self.size += len(piece)

    def take(self) -> tuple[bytes, int]:
        text, size = b"".join(self.pieces), self.size
        self.pieces, self.held, self.size = [], 0, 0
        return text, size


def read_lines(
    file: InputFile, start: int, end: int | None, limit: int
) -> tuple[str | None, Iterator[Lines]]:
    """The lines that begin in bytes [start, end), some MB at a time, and the charset if it was UTF-16 (they
    are UTF-8 then).

    A line that crosses ``end`` belongs to the range in which it began, so that adjoining ranges give each
    line once. Of a line longer than ``limit`` bytes only so many are given.

    Raises (from the iterator):
        DamagedFileError: with the piece of a line before the damage.
    """
    start = _after_line_feed(file, start) if start else 0
    charset, stream = without_utf16(blocks(file, start))
    return charset, _lines(stream, start, end, limit)


def without_empty(lines: Lines) -> Lines:
    """Those that have a byte: a file may have millions of others."""
    filled = lines.size > 0
    if filled.all():
        return lines
    return Lines(lines.text.filter(pa.array(filled)), lines.offset[filled], lines.size[filled])


def _lines(stream: Iterator[bytes], offset: int, end: int | None, limit: int) -> Iterator[Lines]:
    line = _Open(limit)
    try:
        for block in stream:
            if end is not None and offset >= end:
                return
            first = block.find(b"\n")
            if first < 0:
                line.add(block)
                continue
            last = block.rfind(b"\n")
            line.add(block[:first])
            text, size = line.take()
            yield Lines(pa.array([text], pa.binary()), np.array([offset]), np.array([size]))
            offset += size + 1
            if last > first:
                found = _split(block[first + 1 : last], offset, end)
                yield found
                offset += last - first
            line.add(block[last + 1 :])
    except DamagedFileError as damage:
        raise DamagedFileError(damage.reason, str(damage), line.take()[0]) from None
    if line.size and (end is None or offset < end):
        text, size = line.take()
        yield Lines(pa.array([text], pa.binary()), np.array([offset]), np.array([size]))


def _split(block: bytes, offset: int, end: int | None) -> Lines:
    text = pc.split_pattern(pa.array([block], pa.binary()), b"\n").flatten()
    size = pc.binary_length(text).to_numpy().astype(np.int64)
    begin = offset + np.concatenate(([0], np.cumsum(size[:-1] + 1)))
    count = len(size) if end is None else int(np.searchsorted(begin, end))
    return Lines(text[:count], begin[:count], size[:count])


def _after_line_feed(file: InputFile, start: int) -> int:
    """Where the first line begins at or after ``start``: after the first line feed at or after ``start -
    1``."""
    position = start - 1
    for block in blocks(file, position):
        found = block.find(b"\n")
        if found >= 0:
            return position + found + 1
        position += len(block)
    return position
