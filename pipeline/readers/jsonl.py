"""JSON: an object a line; in a file ``*.json`` also one object, or one array of objects or texts. Every line
that is no document becomes a reject."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
import pyarrow as pa

from manifests.schema.sources import Source
from pipeline.readers.charset import without_utf16
from pipeline.readers.compressed import DamagedFileError, blocks, is_compressed
from pipeline.readers.input_files import InputFile
from pipeline.readers.json_values import NestedTooDeepError, parse, shown
from pipeline.readers.kept_fields import meta_of
from pipeline.readers.lines import read_lines, without_empty
from pipeline.readers.raw_documents import names_found, raw_batch
from pipeline.readers.single_document import read_whole

_COLUMNS = ("key", "text", "size", "url", "license", "meta", "charset", "reason", "detail")


def read_jsonl(
    source: Source, file: InputFile, name: str, start: int, end: int | None, limit: int
) -> Iterator[pa.RecordBatch]:
    """RAW batches of the lines that begin in bytes [start, end) of a file; ``name`` is its path in the
    source.

    One call of orjson's for each line: its parser is about three times as fast as Arrow's, and a broken line
    costs no other one.

    Raises (from the iterator):
        DamagedFileError: after the last record that could be read.
    """
    if not has_lines(file):
        yield _whole_file(source, file, name, limit)
        return
    utf16, found = read_lines(file, start, end, limit)
    for lines in map(without_empty, found):
        rows = [
            _line(source, f"{name}#{offset}", line, size, utf16)
            for line, offset, size in zip(
                lines.text.to_pylist(), lines.offset.tolist(), lines.size.tolist(), strict=True
            )
            if not line.isspace()
        ]
        yield _batch(rows)


def has_lines(file: InputFile) -> bool:
    """Whether a file is read line by line. One called ``*.json`` is if its first line is an object: both
    kinds have that name."""
    name = file.location.removesuffix(file.suffix) if is_compressed(file) else file.location
    if not name.endswith(".json"):
        return True
    with suppress(DamagedFileError, ValueError):
        _, stream = without_utf16(blocks(file))
        return isinstance(parse(_first_line(next(stream, b"")))[0], dict)
    return False


def _first_line(block: bytes) -> bytes:
    return block.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")[0]


def _batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = (
        dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(_COLUMNS, ())
    )
    return raw_batch(columns, len(rows))


def _whole_file(source: Source, file: InputFile, name: str, limit: int) -> pa.RecordBatch:
    text, size, utf16 = read_whole(file, limit)
    if size > limit:
        detail = f"one value of {size} bytes; as JSON lines its items would be read one by one"
        return _batch([_reject(name, text, size, "too_long", detail, utf16)])
    try:
        value, charset = parse(text)
    except UnicodeError:
        return _batch([_reject(name, text, size, None, None, None)])
    except orjson.JSONDecodeError as error:
        return _batch([_reject(name, text, size, "invalid_json", str(error), utf16)])
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list):
        return _batch([_reject(name, text, size, "not_an_array", f"found {type(items).__name__}", utf16)])
    records = ({source.text_field: item} if isinstance(item, str) else item for item in items)
    return _batch(
        [
            _record(source, f"{name}#{index}", item, None, utf16 or charset)
            for index, item in enumerate(records)
        ]
    )


def _line(source: Source, key: str, line: bytes, size: int, charset: str | None) -> tuple[Any, ...]:
    if size > len(line):
        return _reject(key, line, size, None, None, charset)
    try:
        return _record(source, key, orjson.loads(line), line, charset)
    except orjson.JSONDecodeError:
        return _odd_line(source, key, line, charset)


def _odd_line(source: Source, key: str, line: bytes, utf16: str | None) -> tuple[Any, ...]:
    """A line that is not UTF-8, not JSON to a strict parser, or begins with a byte order mark."""
    try:
        value, charset = parse(line)
    except UnicodeError:
        return _reject(key, line, len(line), None, None, None)
    except orjson.JSONDecodeError as error:
        return _reject(key, line, len(line), "invalid_json", str(error), utf16)
    return _record(source, key, value, line, utf16 or charset)


def _record(source: Source, key: str, item: Any, line: bytes | None, charset: str | None) -> tuple[Any, ...]:
    """The columns of a parsed record. ``line`` is what it was parsed from."""
    if not isinstance(item, dict):
        return _reject(
            key, line or shown(item), None, "not_an_object", f"found {type(item).__name__}", charset
        )
    text = item.get(source.text_field)
    if text is None:
        detail = f"no field {source.text_field!r}; found {names_found(item)}"
        return _reject(key, line or shown(item), None, "missing_text", detail, charset)
    if not isinstance(text, str):
        kind = f"field {source.text_field!r} is {type(text).__name__}, not a string"
        detail = f"{kind}; found {names_found(item)}"
        return _reject(key, line or shown(item), None, "text_not_a_string", detail, charset)
    encoded = text.encode()
    url, license_ = (
        value if isinstance(value, str) else None
        for value in (item.get(source.url_field), item.get(source.license_field))
    )
    try:
        meta = meta_of(source, item)
    except NestedTooDeepError as error:
        return _reject(key, line or shown(item), None, "nested_too_deep", str(error), charset)
    return key, encoded, len(encoded), url, license_, meta, charset, None, None


def _reject(
    key: str, text: bytes, size: int | None, reason: str | None, detail: str | None, charset: str | None
) -> tuple[Any, ...]:
    return key, text, len(text) if size is None else size, None, None, None, charset, reason, detail
