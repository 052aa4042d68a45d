"""Where fuzzing begins: small sound files of every format, text that once was hard, and changes of both."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

TEXT = (
    "道可道，非常道。名可名，非常名。\n\nHello, café! Call +86 138-1234-5678 or a@b.example; sk-abcDEF0123456789abcd\n"
    "# Title\n\n- item one\n- item two\n\n```python\ndef f(x: int) -> str:\n    return 'é'\n```\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n第一章 開始\n密码：Hunter2x9!\n\t\u3000\xa0\u200b😀 naïve Ã©\r\nhttps://h.example/a?b=c#d\n"
) * 3
TOKENS = [
    *(b"\x00 \xff \xef\xbb\xbf \xff\xfe \xfe\xff \xc3 \xe4\xbd \xf0\x9f\x98 \xed\xa0\x80 \r\n \x0c \x1b$B ~{ +AGE-".split(b" ")),
    *(b'{ } [ ] " \\ \\u0000 \\ud83d null NaN 1e999 -0 : , {"text": [[[[[[ <script> <!-- --> &#0; &amp; < > </p>'.split()),
    *(b"WARC/1.0\r\n Content-Length: HTTP/1.1 200 Transfer-Encoding: chunked gzip \r\n\r\n --- !!python/object &a *a ".split(b" ")),
    *(b"PAR1 ARROW1 \x1f\x8b\x08 \x28\xb5\x2f\xfd BZh9 \xfd7zXZ \xff\xff\xff\xff \x00\x00\x00\x80 ``` ~~~ $$ | \\[ ".split(b" ")),
]  # fmt: skip
"""Pieces that formats and texts are made of."""


def _warc() -> bytes:
    page = (
        f"<html><head><meta charset=utf-8><title>t</title></head><body><p>{TEXT}</p></body></html>".encode()
    )
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: https://h.example/\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    return (head.encode() + answer + b"\r\n\r\n") * 2


def _lines() -> bytes:
    records = [
        {"text": TEXT, "id": number, "url": "https://h.example", "meta": {"a": [1]}} for number in range(3)
    ]
    return "".join(json.dumps(record, ensure_ascii=bool(record["id"])) + "\n" for record in records).encode()


def _columns(form: str) -> bytes:
    table = pa.table({"text": [TEXT, None, "short"], "id": [1, 2, 3], "url": ["https://h.example", "", None]})
    out = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, out, compression="zstd")
    else:
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    return out.getvalue()


PLAIN = {
    "jsonl": _lines,
    "text": TEXT.encode,
    "tree": lambda: b"import os\n\n\ndef f(a):\n    '''Doc.'''\n    return {a: [os.sep]}\n" * 4,
    "parquet": lambda: _columns("parquet"),
    "arrow": lambda: _columns("arrow"),
    "html": lambda: (
        f"<html><body><nav>x</nav><article><h1>t</h1><p>{TEXT}</p></article></body></html>".encode()
    ),
    "warc": _warc,
    "instructions.turns": lambda: (
        b'{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}\n' * 3
    ),
    "instructions": lambda: (
        f"conversations:\n- - 什么是ai\n  - 工程\n{_lines().decode()}def f():\n 'd'\n 1\n".encode()
    ),
    "manifest": lambda: (
        b"version: 1\nkind: corpus\nname: a\nseed: 1\nsources:\n  - {name: a, path: ., format: text}\n"
    ),
    "fasttext_model": lambda: (793712314).to_bytes(4, "little") + (12).to_bytes(4, "little") + bytes(200),
}
COMPRESS = {
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def seeds(target: str) -> list[bytes]:
    """Sound inputs of a target."""
    form = target.partition(".")[0]
    plain = PLAIN.get(target, PLAIN.get(form, TEXT.encode))()
    if form == "warc" and target.endswith(".gz"):
        half = len(plain) // 2
        return [gzip.compress(plain[:half], mtime=0) + gzip.compress(plain[half:], mtime=0)]
    compress = next((make for suffix, make in COMPRESS.items() if target.endswith(suffix)), bytes)
    return [compress(plain), compress(plain[: len(plain) // 3])]


def changed(data: bytes, draw: random.Random) -> bytes:
    """An input with up to eight changes: bits, bytes, numbers, stretches cut out, repeated or moved, pieces of
    formats put in, or an end that is missing."""
    found = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        at = draw.randint(0, len(found))
        size = min(draw.choice((1, 2, 4, 16, 200)), len(found) - at)
        match draw.randint(0, 6):
            case 0 if at < len(found):
                found[at] ^= 1 << draw.randint(0, 7)
            case 1:
                found[at : at + size] = draw.randbytes(size)
            case 2:
                del found[at : at + size]
            case 3:
                found[at:at] = found[at : at + size] * draw.choice((1, 2, 50))
            case 4:
                found[at:at] = draw.choice(TOKENS)
            case 5:
                other = draw.randint(0, len(found))
                found[at:at] = found[other : other + size]
            case 6 if draw.random() < 0.2:
                del found[at:]
    return bytes(found)
