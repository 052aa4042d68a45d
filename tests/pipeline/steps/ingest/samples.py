"""Bytes of sound files of every format, to be damaged by tests."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LAOZI = "道可道，非常道。名可名，非常名。\n无名天地之始，有万物之母。"
ROWS = (
    "Flat is better than nested.",
    "Sparse is better than dense.",
    "Readability counts.",
    "Now is better than never.",
)


def jsonl(texts: Any) -> bytes:
    return b"".join(json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n" for text in texts)


def parquet(text: pa.Array, name: str = "text", **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({name: text, "id": pa.array(range(len(text)))}), sink, **options)
    return sink.getvalue()


def arrow(
    *batches: pa.Array, name: str = "text", stream: bool = False, compression: str | None = None
) -> bytes:
    """An Arrow file (or stream) of one column, a record batch for each array."""
    sink = io.BytesIO()
    schema = pa.schema([pa.field(name, batches[0].type)])
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(pa.record_batch([batch], schema=schema))
    return sink.getvalue()


def strings(*texts: bytes) -> pa.Array:
    """A string array of bytes that nobody checked."""
    offsets = [sum(map(len, texts[:index])) for index in range(len(texts) + 1)]
    buffers = [None, pa.array(offsets, pa.int32()).buffers()[1], pa.py_buffer(b"".join(texts))]
    return pa.StringArray.from_buffers(len(texts), buffers[1], buffers[2])


def page(body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>On style</title>{head}</head><body><nav><a href='/'>Home</a></nav>{body}</body></html>"


def article(text: str) -> str:
    return page(f"<article><h1>On style</h1><p>{text}</p></article>")


def http(
    body: bytes, headers: str = "Content-Type: text/html; charset=utf-8", status: str = "200 OK"
) -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + body


def record(
    block: bytes, uri: str = "https://example.org/", kind: str = "response", **headers: str | None
) -> bytes:
    """A WARC record. Headers (with _ for -) replace the right ones; None leaves one out."""
    own: dict[str, str | None] = {
        "WARC-Type": kind,
        "WARC-Target-URI": uri,
        "WARC-Date": "2024-05-18T01:58:10Z",
        "Content-Type": "application/http; msgtype=response" if kind == "response" else "text/plain",
        "Content-Length": str(len(block)),
    }
    own |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in own.items() if value is not None)
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def response(text: str, uri: str = "https://example.org/") -> bytes:
    return record(http(article(text).encode()), uri)
