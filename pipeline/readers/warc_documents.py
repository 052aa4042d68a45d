"""Documents of WARC and WET archives: the pages and texts of responses and resources, and the texts that were
converted already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from pipeline.readers.charset import decode_page
from pipeline.readers.html import page_meta, page_of
from pipeline.readers.http_response import BrokenResponseError, media_type, parse_response
from pipeline.readers.input_files import InputFile
from pipeline.readers.raw_documents import raw_batch
from pipeline.readers.warc import Record, records

_HTML = ("text/html", "application/xhtml+xml")
_TEXT = ("text/plain", "text/markdown")
_OK = 200
_BATCH_ROWS = 256
_BATCH_BYTES = 1 << 23
_LOOKS_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")
_PROBE = 1 << 10
_HTTP = b"HTTP/"


def read_archive(
    file: InputFile, name: str, start: int, end: int | None, limit: int
) -> Iterator[pa.RecordBatch]:
    """RAW batches of the documents whose records begin in bytes [start, end) of a file, called by their
    offset in it (decompressed).

    A document is what a ``response``, a ``resource`` or a ``conversion`` record holds, if that is HTML or
    plain text; of another type, a reject tells only the type. Requests, metadata, revisits and the like are
    none, but an archive of metadata alone, a WAT file, is a reject. Broken records are rejects.
    """
    rows: list[dict[str, Any]] = []
    size, documents, described = 0, 0, 0
    for record in records(file, start, end, limit):
        row = _document(record, limit)
        if row is None:
            described += _is_described(record)
            continue
        documents += 1
        rows.append({"key": f"{name}#{record.offset}"} | row)
        size += len(row["text"])
        if len(rows) == _BATCH_ROWS or size > _BATCH_BYTES:
            yield _batch(rows)
            rows, size = [], 0
    if described and not documents:
        rows.append({"key": f"{name}#{start}", "text": b"", "size": 0} | _only_metadata(described))
    yield _batch(rows)


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    names = ("key", "text", "size", "url", "meta", "charset", "reason", "detail")
    return raw_batch({name: [row.get(name) for row in rows] for name in names}, len(rows))


def _row(
    record: Record, text: bytes, size: int | None = None, title: str | None = None, **columns: str | None
) -> dict[str, Any]:
    meta = page_meta(
        title=title, date=record.headers.get("warc-date"), truncated=record.headers.get("warc-truncated")
    )
    url = record.headers.get("warc-target-uri", "").strip("<>") or None
    return {"text": text, "size": len(text) if size is None else size, "url": url, "meta": meta} | columns


def _document(record: Record, limit: int) -> dict[str, Any] | None:
    """The columns of a record that is, or should be, a document."""
    if record.reason is not None:
        return _row(record, record.body, reason=record.reason, detail=record.detail)
    kind = record.headers.get("warc-type", "").lower()
    if kind not in ("response", "resource", "conversion"):
        return None
    if record.size > limit:
        return _row(record, record.body, record.size)
    media, charset = media_type(record.headers.get("content-type", ""))
    if kind == "response" and (media == "application/http" or record.body.startswith(_HTTP)):
        return _response(record, limit)
    if kind == "conversion" and media in ("", *_TEXT):
        # Whoever converts a page to text writes UTF-8, or is found out.
        return _row(record, record.body)
    return _content(record, media, charset, record.body)


def _is_described(record: Record) -> bool:
    """Whether a record is what a WAT file has instead of a page: JSON about it."""
    return media_type(record.headers.get("content-type", ""))[0] == "application/json"


def _only_metadata(records: int) -> dict[str, str]:
    return {
        "reason": "only_metadata",
        "detail": f"{records} records of JSON about pages, and no page: a WAT file; give WARC or WET",
    }


def _response(record: Record, limit: int) -> dict[str, Any]:
    try:
        response = parse_response(record.body, limit)
    except BrokenResponseError as error:
        return _row(record, record.body, reason=error.reason, detail=str(error))
    if response.status != _OK:
        return _row(record, response.body[:limit], reason="http_status", detail=str(response.status))
    if len(response.body) > limit:
        return _row(record, response.body[:limit], len(response.body))
    return _content(record, response.kind, response.charset, response.body)


def _content(record: Record, media: str, declared: str | None, body: bytes) -> dict[str, Any]:
    """The columns of a page or a text, by what its type is said to be, or looks like where none is said."""
    media = media or ("text/html" if body[:_PROBE].lstrip().lower().startswith(_LOOKS_HTML) else "")
    if media in _HTML:
        page = page_of(body, (declared,))
        return _row(
            record,
            page.text.encode(),
            None,
            page.title,
            charset=page.charset,
            reason=page.reason,
            detail=page.detail,
        )
    if media in _TEXT:
        text, charset = decode_page(body, (declared,))
        return _row(record, body if charset is None else text.encode(), charset=charset)
    return _row(record, b"", reason="not_a_page", detail=media or "no type is told")
