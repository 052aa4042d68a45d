"""Bytes of plain, gzip and zstd files, block by block. What can be read of a damaged file is given before the damage is raised."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

BLOCK = 1 << 20


class CorruptCompressionError(ValueError):
    """A compressed file that ends early or is damaged; raised after everything before the damage was given."""


def is_compressed(path: Path) -> bool:
    return path.suffix in {".gz", ".zst"}


def blocks(path: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Decompressed bytes of a file in blocks of about 1 MB; ``start`` and ``end`` are byte offsets and hold for plain files only."""
    if path.suffix == ".gz":
        return _decompressed(path, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16))
    if path.suffix == ".zst":
        return _decompressed(path, lambda: zstandard.ZstdDecompressor().decompressobj())
    return _plain(path, start, end)


def _plain(path: Path, start: int, end: int | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = (path.stat().st_size if end is None else end) - start
        while left > 0 and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block


def _decompressed(path: Path, new: Any) -> Iterator[bytes]:
    """Decompresses all members (gzip) or frames (zstd) of a file."""
    decoder = None
    for block in _plain(path, 0, None):
        while block:
            decoder = decoder or new()
            try:
                yield decoder.decompress(block)
            except (zlib.error, zstandard.ZstdError) as error:
                raise CorruptCompressionError(f"{path.name}: damaged: {error}") from None
            block = decoder.unused_data
            if not decoder.eof:
                break
            decoder = None
    if decoder is not None:
        raise CorruptCompressionError(f"{path.name}: ends in the middle of its compressed data")


def lines(path: Path, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    """(offset, line without its line feed) of every line that begins in [start, end).

    A line that crosses ``end`` belongs to the range in which it began, so that adjoining ranges give each line once.
    """
    if start:
        start = _after_line_feed(path, start)
    rest, offset = b"", start
    stop = end if end is not None and not is_compressed(path) else None
    for block in blocks(path, start):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            if stop is not None and offset >= stop:
                return
            yield offset, line
            offset += len(line) + 1
    if rest and (stop is None or offset < stop):
        yield offset, rest


def _after_line_feed(path: Path, start: int) -> int:
    """Where the first line begins at or after ``start``: behind the first line feed at or after ``start - 1``."""
    position = start - 1
    for block in _plain(path, position, None):
        found = block.find(b"\n")
        if found >= 0:
            return position + found + 1
        position += len(block)
    return position
