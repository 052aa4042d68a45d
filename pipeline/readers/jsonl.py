"""JSON lines (plain, .gz, .zst), and .json files that hold one array. Every line that cannot be used becomes a reject of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from manifests.schema.corpus import Source
from pipeline.readers.charset import decode
from pipeline.readers.compressed import blocks, lines
from pipeline.readers.record import Record


def read_jsonl(source: Source, path: Path, name: str, start: int = 0, end: int | None = None) -> Iterator[Record]:
    """Records of the lines that begin in bytes [start, end) of a file; ``name`` is its path in the source."""
    if path.suffix == ".json":
        yield from _read_array(source, path, name)
        return
    for offset, line in lines(path, start, end):
        if line.strip():
            yield _parse(source, f"{name}#{offset}", line)


def _read_array(source: Source, path: Path, name: str) -> Iterator[Record]:
    data = b"".join(blocks(path))
    try:
        items = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        yield Record(name, decode(data)[0], reason="invalid_json", detail=str(error))
        return
    for index, item in enumerate(items if isinstance(items, list) else [items]):
        yield _record(source, f"{name}#{index}", {source.text_field: item} if isinstance(item, str) else item)


def _parse(source: Source, key: str, line: bytes) -> Record:
    charset: str | None = "utf-8"
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        text, charset = decode(line)
        try:
            item = orjson.loads(text.encode("utf-8", errors="replace")) if charset not in {"utf-8", None} else None
        except orjson.JSONDecodeError:
            item = None
        if item is None:
            return Record(key, text, reason="invalid_json" if charset else "invalid_encoding", detail=str(error), charset=charset)
    return _record(source, key, item, charset)


def _record(source: Source, key: str, item: Any, charset: str | None = "utf-8") -> Record:
    if not isinstance(item, dict):
        return Record(key, _as_text(item), reason="not_an_object", detail=f"found {type(item).__name__}")
    text = item.get(source.text_field)
    if not isinstance(text, str):
        detail = f"{source.text_field!r} is {'missing' if source.text_field not in item else type(text).__name__}"
        return Record(key, _as_text(item), reason="missing_text", detail=detail, charset=charset)
    given = item.get(source.id_field)
    return Record(
        key=str(given) if isinstance(given, str | int) and given != "" else key,
        text=text,
        url=_string(item.get(source.url_field)),
        license=_string(item.get(source.license_field)),
        meta=_as_text({"record": key}),
        charset=charset,
    )


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _as_text(value: Any) -> str:
    return orjson.dumps(value).decode()
