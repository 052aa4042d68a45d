"""Which bytes of which files make which part: a pure function of the sources' files and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from manifests.schema.base import ManifestError
from manifests.schema.corpus import Source
from pipeline.readers.charset import utf16_name
from pipeline.readers.compressed import is_compressed

# Text grows about so much when it is decompressed; parts of compressed files come out near the size that was asked for.
_EXPANSION = 3


@dataclass(frozen=True)
class Piece:
    """A byte range of one file of one source. ``source`` is its index in the manifest, ``size`` about the bytes of its text."""

    source: int
    path: Path
    name: str
    start: int
    end: int | None
    size: int


@dataclass(frozen=True)
class Found:
    """A source's files as (name, path), sorted by name, and the names of those that were refused: links that lead out of the source."""

    files: tuple[tuple[str, Path], ...]
    refused: tuple[str, ...] = ()


def find_files(source: Source, root: Path) -> Found:
    """The files of a source. Hidden ones, and those in hidden folders such as ``.git``, are none of them.

    Raises:
        ManifestError: the path does not exist, or no file matches.
    """
    if root.is_file():
        return Found(((root.name, root),))
    if not root.exists():
        raise ManifestError(
            f"source {source.name!r}: {root} does not exist; correct its `path` (relative to the corpus manifest) or run `make assets`"
        )
    excluded = {path for pattern in source.exclude for path in root.glob(pattern)}
    paths = {path for pattern in source.include for path in root.glob(pattern) if path.is_file()} - excluded
    names = sorted((path.relative_to(root).as_posix(), path) for path in paths)
    shown = [(name, path) for name, path in names if not any(part.startswith(".") for part in Path(name).parts)]
    resolved = root.resolve()
    refused = tuple(name for name, path in shown if not path.resolve().is_relative_to(resolved))
    files = tuple((name, path) for name, path in shown if name not in set(refused))
    if not files:
        links = f" ({len(refused)} links that lead out of it are not followed)" if refused else ""
        raise ManifestError(f"source {source.name!r}: no file below {root} matches {list(source.include)}{links}; correct `include`")
    return Found(files, refused)


def plan_parts(sources: Sequence[Source], found: Sequence[Found], part_bytes: int) -> list[list[Piece]]:
    """Gathers small files, and splits large plain files of lines, into parts of about ``part_bytes`` of text. Empty files are left out."""
    parts: list[list[Piece]] = []
    room = 0
    for index, source in enumerate(sources):
        for name, path in found[index].files:
            for piece in _split(index, source, name, path, part_bytes):
                if not parts or piece.size > room:
                    parts.append([])
                    room = part_bytes
                parts[-1].append(piece)
                room -= piece.size
    return parts


def _split(index: int, source: Source, name: str, path: Path, part_bytes: int) -> list[Piece]:
    size = path.stat().st_size
    if is_compressed(path):
        size *= _EXPANSION
    if size == 0:
        return []
    if size <= part_bytes or not _splittable(source, path):
        return [Piece(index, path, name, 0, None, size)]
    borders = [*range(0, size, part_bytes), size]
    return [Piece(index, path, name, start, end, end - start) for start, end in pairwise(borders)]


def _splittable(source: Source, path: Path) -> bool:
    """Whether a reader can begin in the middle of the file: at the next line feed, which compression and UTF-16 hide."""
    by_line = (source.format == "jsonl" and path.suffix != ".json") or (source.format == "text" and source.document == "line")
    if not by_line or is_compressed(path):
        return False
    with path.open("rb") as file:
        return utf16_name(file.read(2)) is None
