"""How damaged input is described: the bytes of a file, and what must become of every document in it."""

from __future__ import annotations

import gzip
import random
from typing import Any, NamedTuple

import pyarrow as pa

from tests.pipeline.steps.ingest.samples import (
    ROWS,
    arrow,
    article,
    http,
    jsonl,
    parquet,
    response,
)

FORMATS = {
    ".jsonl": "jsonl",
    ".json": "jsonl",
    ".txt": "text",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".html": "html",
    ".warc": "warc",
}
TEXT = pa.array(ROWS, pa.string())
HALVES = (pa.array(ROWS[:2]), pa.array(ROWS[2:]))
LONG = pa.array(["x" * 50_000, "y" * 50_000])
# Long enough to be running text, each with its title above it.
A, B, C = (f"On style\n\n{line} {line} {line}" for line in ROWS[:3])
WARC = [response(text.partition("\n\n")[2]) for text in (A, B, C)]


class Kind(NamedTuple):
    """A damaged file, what is kept of it, and its rejects as (key behind the file's name, reason, words of
    the detail)."""

    file: str
    data: bytes
    kept: tuple[str, ...]
    rejects: tuple[tuple[str, str, str], ...]
    source: dict[str, Any] | None = None
    limit: int = 100_000_000


def flipped(data: bytes, at: int, bits: int = 0xFF) -> bytes:
    """``data`` with the byte at ``at`` changed."""
    at %= len(data)
    return data[:at] + bytes((data[at] ^ bits,)) + data[at + 1 :]


def line(name: str, bad: bytes, reason: str, detail: str, **more: Any) -> tuple[str, Kind]:
    """One bad line between two good ones."""
    good = jsonl(ROWS[:1])
    return name, Kind(
        "a.jsonl",
        good + bad + b"\n" + jsonl(ROWS[1:2]),
        ROWS[:2],
        ((f"#{len(good)}", reason, detail),),
        **more,
    )


def broken_record(
    name: str, bad: bytes, reason: str, detail: str, kept: tuple[str, ...] = (A, C), **more: Any
) -> tuple[str, Kind]:
    """One bad WARC record between two good ones."""
    return name, Kind(
        "a.warc", WARC[0] + bad + WARC[2], kept, ((f"#{len(WARC[0])}", reason, detail),), **more
    )


def file(
    name: str,
    path: str,
    data: bytes,
    reason: str,
    detail: str = "",
    key: str = "#damage",
    kept: tuple[str, ...] = (),
    **more: Any,
) -> tuple[str, Kind]:
    """A file that is one reject, beside what is kept of it."""
    return name, Kind(path, data, kept, ((key, reason, detail),), **more)


def every_row(
    name: str, path: str, data: bytes, reason: str, detail: str, keys: str = "#{}"
) -> tuple[str, Kind]:
    return name, Kind(path, data, (), tuple((keys.format(row), reason, detail) for row in range(len(ROWS))))


def chunked(body: bytes) -> bytes:
    return http(body, "Content-Type: text/html\r\nTransfer-Encoding: chunked")


def coded(body: bytes, coding: str) -> bytes:
    return http(body, f"Content-Type: text/html\r\nContent-Encoding: {coding}")


NOISE = random.Random(1).randbytes(300).replace(b"\n", b"")
LETTER = article(ROWS[0] * 3).encode()
GROUPS = parquet(
    TEXT,
    row_group_size=2,
    compression="none",
    use_dictionary=False,
    write_statistics=False,
    write_page_checksum=True,
)
PACKED = arrow(LONG, LONG, compression="zstd")
MEMBERS = [gzip.compress(part) for part in WARC]
