"""Which bytes of which files make which part: a pure function of the sources' files and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from manifests.schema.base import ManifestError
from manifests.schema.corpus import Source
from pipeline.readers.compressed import is_compressed

# Text grows about so much when it is decompressed; parts of compressed files come out near the size that was asked for.
_EXPANSION = 3


@dataclass(frozen=True)
class Piece:
    """A byte range of one file of one source. ``source`` is its index in the manifest."""

    source: int
    path: Path
    name: str
    start: int
    end: int | None
    size: int


def find_files(source: Source, root: Path) -> list[tuple[str, Path]]:
    """(name, path) of a source's files, sorted by name; hidden files and links that lead out of the source are left out.

    Raises:
        ManifestError: the path does not exist, or no file matches.
    """
    if root.is_file():
        return [(root.name, root)]
    if not root.exists():
        raise ManifestError(
            f"source {source.name!r}: {root} does not exist; correct its `path` (relative to the corpus manifest) or run `make setup assets`"
        )
    resolved = root.resolve()
    found = {
        path for pattern in source.include for path in root.glob(pattern) if path.is_file() and path.resolve().is_relative_to(resolved)
    }
    excluded = {path for pattern in source.exclude for path in root.glob(pattern)}
    names = sorted((path.relative_to(root).as_posix(), path) for path in found - excluded)
    files = [(name, path) for name, path in names if not any(part.startswith(".") for part in Path(name).parts)]
    if not files:
        raise ManifestError(f"source {source.name!r}: no file below {root} matches {list(source.include)}; correct `include`")
    return files


def plan_parts(sources: Sequence[Source], files: Sequence[Sequence[tuple[str, Path]]], part_bytes: int) -> list[list[Piece]]:
    """Gathers small files, and splits large plain files of lines, into parts of about ``part_bytes`` of text."""
    parts: list[list[Piece]] = []
    room = 0
    for index, source in enumerate(sources):
        for name, path in files[index]:
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
        return [Piece(index, path, name, 0, None, size * _EXPANSION)]
    by_line = (source.format == "jsonl" and path.suffix != ".json") or (source.format == "text" and source.document == "line")
    if not by_line or size <= part_bytes:
        return [Piece(index, path, name, 0, None, size)]
    borders = [*range(0, size, part_bytes), size]
    return [Piece(index, path, name, start, end, end - start) for start, end in zip(borders, borders[1:], strict=False)]
