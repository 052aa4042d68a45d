"""The bytes of a file of instructions, of a size that can be held, and no more of a compressed one than text
makes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.readers.compressed import blocks
from pipeline.readers.input_files import InputFile
from pipeline.readers.lines import read_lines
from pipeline.readers.single_document import read_whole

PARSED = 1 << 20
"""Bytes of a file that is parsed as a whole: a tree takes some seven hundred times as many."""
LINE = 1 << 24
"""Bytes of a line; a pair has a few kB."""


def parsed_text(path: Path) -> str:
    """The text of a file (plain or compressed) that is to be parsed; every line break is a line feed.

    Raises:
        DamagedFileError: it cannot be decompressed.
        ValueError: it is too long, or no UTF-8.
    """
    content, size, _ = read_whole(InputFile.of(path), PARSED)
    if size > PARSED:
        raise ValueError(f"it has {size} bytes, more than {PARSED}")
    return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def text_lines(path: Path) -> Iterator[pa.StringArray]:
    """The lines of a file, some MB at a time, without white space around them and without empty ones; null
    for one that is longer than ``LINE``.

    Raises (from the iterator):
        DamagedFileError: it cannot be decompressed.
        ValueError: it is no UTF-8.
    """
    _, found = read_lines(InputFile.of(path), 0, None, LINE)
    for lines in found:
        whole = pa.array(lines.size <= LINE)
        text = pc.utf8_trim_whitespace(pc.if_else(whole, lines.text, None).cast(pa.string()))
        yield text.filter(pc.fill_null(pc.not_equal(text, ""), True))


def in_whole_characters(text: str | None) -> str | None:
    """The same, where halves of a surrogate pair are one character, and one alone is a replacement
    character."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Blocks(io.RawIOBase):
    """A file's bytes, decompressed, to read once.

    Raises (from ``read``):
        DamagedFileError: it cannot be decompressed, or expands to far more than text does.
    """

    def __init__(self, path: Path) -> None:
        self._blocks = blocks(InputFile.of(path))
        self._held = bytearray()

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, fewer at the end alone: of shorter blocks Arrow says that a line straddles
        them."""
        while size < 0 or len(self._held) < size:
            block = next(self._blocks, None)
            if block is None:
                break
            self._held += block
        taken = bytes(self._held if size < 0 else self._held[:size])
        del self._held[: len(taken)]
        return taken
