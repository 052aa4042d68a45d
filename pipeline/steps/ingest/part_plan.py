"""Which stretches of which files make which part: a pure function of the sources' files, their sizes and
their own tables of contents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from manifests.schema.sources import Source
from pipeline.readers.arrow import arrow_batches
from pipeline.readers.charset import utf16_name
from pipeline.readers.compressed import is_compressed
from pipeline.readers.input_files import InputFile
from pipeline.readers.jsonl import has_lines
from pipeline.readers.parquet import row_groups
from pipeline.readers.warc import record_offsets
from pipeline.steps.ingest.find_files import Found

# Text grows about so much when it is decompressed; parts of compressed files come out near the size that was
# asked for.
_EXPANSION = 3


@dataclass(frozen=True)
class Piece:
    """A stretch of one file of one source, to its end where ``end`` is None: bytes, or the row groups of a
    Parquet and the record batches of an Arrow file. ``source`` is its index in the manifest, ``size`` about
    the bytes of its text."""

    source: int
    file: InputFile
    name: str
    start: int
    end: int | None
    size: int


def plan_parts(sources: Sequence[Source], found: Sequence[Found], part_bytes: int) -> list[list[Piece]]:
    """Gathers small files, and splits large ones where a reader can begin in the middle, into parts of about
    ``part_bytes`` of text.

    Lines and WARC records are cut by bytes, Parquet by row groups, Arrow files by record batches; compressed
    files and Arrow streams are not cut. Empty files are left out.
    """
    parts: list[list[Piece]] = []
    room = 0
    for index, source in enumerate(sources):
        for name, file in found[index].files:
            for start, end, size in _stretches(source, file, part_bytes):
                if not parts or size > room:
                    parts.append([])
                    room = part_bytes
                parts[-1].append(Piece(index, file, name, start, end, size))
                room -= size
    return parts


def _stretches(source: Source, file: InputFile, part_bytes: int) -> Iterator[tuple[int, int | None, int]]:
    """(start, end, bytes of text) of the pieces of a file."""
    if file.size == 0:
        return
    if source.format in ("parquet", "arrow"):
        sizes = row_groups(file, source.text_field) if source.format == "parquet" else arrow_batches(file)
        yield from gathered(sizes, part_bytes) if sizes else [(0, None, file.size)]
        return
    size = file.size * _EXPANSION if is_compressed(file) else file.size
    if size <= part_bytes:
        yield 0, None, size
        return
    borders = _borders(source, file, part_bytes)
    if not borders:
        yield 0, None, size
    yield from ((start, end, end - start) for start, end in pairwise(borders))


def gathered(sizes: Sequence[int], part_bytes: int) -> Iterator[tuple[int, int, int]]:
    """Runs of neighbours of at most ``part_bytes`` together, or of one that is larger."""
    start = total = 0
    for index, size in enumerate(sizes):
        if index > start and total + size > part_bytes:
            yield start, index, total
            start, total = index, 0
        total += size
    yield start, len(sizes), total


def _borders(source: Source, file: InputFile, part_bytes: int) -> list[int]:
    """Byte offsets between which a reader can begin and end: at the next line feed, which compression and
    UTF-16 hide, or at a record of a plain WARC file. (In a compressed one, a member cannot be told from that
    of an archive within the archive.) None where it cannot."""
    if is_compressed(file):
        return []
    if source.format == "warc":
        return [*record_offsets(file, part_bytes), file.size]
    by_line = (source.format == "jsonl" and has_lines(file)) or (
        source.format == "text" and source.document == "line"
    )
    if not by_line:
        return []
    with file.open() as stream:
        utf16 = utf16_name(stream.read(2))
    return [] if utf16 else [*range(0, file.size, part_bytes), file.size]
