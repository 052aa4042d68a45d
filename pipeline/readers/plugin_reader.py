"""Readers of the user's own: a function from a file to its documents."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import orjson
import pyarrow as pa

from manifests.plugins import Plugin
from manifests.schema.sources import Source
from pipeline.readers.columns import documents
from pipeline.readers.input_files import InputFile
from pipeline.readers.json_values import dump
from pipeline.readers.kept_fields import meta_of
from pipeline.readers.raw_documents import names_found, raw_row

_END = object()
_META = "meta"


def read_with_plugin(
    plugin: Plugin, source: Source, file: InputFile, name: str, limit: int
) -> Iterator[pa.RecordBatch]:
    """RAW batches of what the plug-in yields for a file. It is called with the file (``open()`` gives its
    bytes, ``location`` its path or URL, ``size``) and the source's ``settings``, and yields dictionaries or
    record batches: ``text``, and where there are such ``id``, ``url``, ``license`` (by the source's
    ``text_field`` and so on) and ``meta``, a dictionary; others as ``keep_fields`` says. The text is repaired
    and hashed, or rejected, as that of any other format. Of a text longer than ``limit`` bytes so many are
    kept.

    Raises (from the iterator):
        PluginError: the plug-in raised an error, or yielded anything else.
    """
    number = count()
    for item in _items(plugin, source, file):
        if isinstance(item, dict):
            yield _document(source, f"{name}#{next(number)}", item, limit)
        elif isinstance(item, pa.RecordBatch):
            keys = pa.array([f"{name}#{next(number)}" for _ in range(item.num_rows)], pa.string())
            yield from documents(source, item, keys, limit)
        else:
            raise plugin.error(
                f"yielded {type(item).__name__} for {name}; yield dictionaries or record batches"
            )


def _items(plugin: Plugin, source: Source, file: InputFile) -> Iterator[Any]:
    what = f"failed at {file.location}"
    with plugin.errors(what):
        found = iter(plugin.value(file, source.settings))
    while True:
        with plugin.errors(what):
            item = next(found, _END)
        if item is _END:
            return
        yield item


def _document(source: Source, key: str, item: dict[str, Any], limit: int) -> pa.RecordBatch:
    text = item.get(source.text_field)
    if not isinstance(text, str):
        reason, kind = (
            "text_not_a_string",
            f"field {source.text_field!r} is {type(text).__name__}, not a string",
        )
        if text is None:
            reason, kind = "missing_text", f"no field {source.text_field!r}"
        found = f"{kind}; found {names_found(map(str, item))}"
        return raw_row(key, dump(item).encode(), reason=reason, detail=found)
    encoded = text.encode(errors="surrogatepass")
    url, license_ = (_string(item.get(name)) for name in (source.url_field, source.license_field))
    columns = {"url": url, "license": license_, "meta": _meta(source, item), "charset": "utf-8"}
    return raw_row(key, encoded[:limit], size=len(encoded), **columns)


def _meta(source: Source, item: dict[str, Any]) -> str | None:
    meta, own = item.get(_META), {name: value for name, value in item.items() if name != _META}
    kept = meta_of(source, own)
    if not isinstance(meta, dict) or not meta:
        return kept
    return dump({**meta, **(orjson.loads(kept) if kept else {})})


def _string(value: Any) -> str | None:
    return value.encode(errors="surrogatepass").decode(errors="replace") if isinstance(value, str) else None
