"""Plain text and source trees: a document of each file, of so many lines, or of each paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson

from manifests.schema.corpus import Source
from pipeline.readers.charset import decode
from pipeline.readers.compressed import blocks, lines
from pipeline.readers.record import Record

_PROBE = 8192


def read_text(source: Source, path: Path, name: str, start: int = 0, end: int | None = None) -> Iterator[Record]:
    """Records of a text file, or of its lines that begin in bytes [start, end)."""
    if source.document == "file":
        yield _file(source, path, name)
    elif source.document == "line":
        yield from _lines(source, path, name, start, end)
    else:
        yield from _paragraphs(path, name)


def _file(source: Source, path: Path, name: str) -> Record:
    data = b"".join(blocks(path))
    # A byte order mark of UTF-16 explains its null bytes; otherwise a source tree's file with one is no text.
    if source.format == "tree" and b"\x00" in data[:_PROBE] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Record(name, data[:_PROBE].decode("utf-8", errors="replace"), reason="binary", detail=f"{len(data)} bytes")
    return _record(name, data, orjson.dumps({"path": name}).decode())


def _record(key: str, data: bytes, meta: str) -> Record:
    text, charset = decode(data)
    if charset is None:
        return Record(key, text, meta=meta, reason="invalid_encoding", detail="neither UTF-8 nor GB18030", charset=None)
    return Record(key, text, meta=meta, charset=charset)


def _lines(source: Source, path: Path, name: str, start: int, end: int | None) -> Iterator[Record]:
    filled = ((offset, line) for offset, line in lines(path, start, end) if line.strip())
    while group := list(islice(filled, source.lines_per_document)):
        offset = group[0][0]
        yield _record(f"{name}#{offset}", b"\n".join(line for _, line in group), orjson.dumps({"path": name, "offset": offset}).decode())


def _paragraphs(path: Path, name: str) -> Iterator[Record]:
    group: list[bytes] = []
    begin = 0
    for offset, line in lines(path):
        if line.strip():
            begin = begin if group else offset
            group.append(line)
        elif group:
            yield _record(f"{name}#{begin}", b"\n".join(group), orjson.dumps({"path": name, "offset": begin}).decode())
            group = []
    if group:
        yield _record(f"{name}#{begin}", b"\n".join(group), orjson.dumps({"path": name, "offset": begin}).decode())
