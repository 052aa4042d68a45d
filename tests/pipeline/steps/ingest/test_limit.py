"""A document of just ``max_document_bytes`` is kept and one of a byte more is not, whatever the format counts
as its bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
import zstandard

from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import ROWS, arrow, article, http, jsonl, parquet, record

LIMIT = 2000
SENTENCE = "道可道，非常道。 "


class Format(NamedTuple):
    """A source, and the bytes of a file with one document that counts so many bytes."""

    file: str
    source: dict[str, Any]
    data: Callable[[int], bytes]


def text(size: int) -> str:
    """Running text of so many bytes of UTF-8; its end is a letter, so that nothing is trimmed."""
    whole = SENTENCE * ((size - 1) // len(SENTENCE.encode()))
    return whole + "x" * (size - len(whole.encode()))


def filled(make: Callable[[str], bytes], size: int) -> bytes:
    """What ``make`` makes of the text with which it has just ``size`` bytes."""
    return make(text(size - len(make(""))))


def line(body: str) -> bytes:
    return jsonl([body]).removesuffix(b"\n")


def array(body: str) -> bytes:
    return json.dumps([body], ensure_ascii=False).encode()


def page(body: str) -> bytes:
    return article(body).encode()


def packed(body: str) -> bytes:
    """A response whose body has its bytes only once it is unpacked."""
    return record(http(gzip.compress(page(body)), "Content-Type: text/html\r\nContent-Encoding: gzip"))


def response_of_block(size: int) -> bytes:
    return record(filled(lambda body: http(page(body)), size))


FORMATS = {
    "a line of JSON": Format("a.jsonl", {"format": "jsonl"}, lambda size: filled(line, size) + b"\n"),
    "a text in a line of GB18030": Format("a.jsonl", {"format": "jsonl"}, lambda size: line(text(size)).decode().encode("gb18030")),
    "an array of JSON": Format("a.json", {"format": "jsonl"}, lambda size: filled(array, size)),
    "a line": Format("a.txt", {"format": "text", "document": "line"}, lambda size: text(size).encode() + b"\n"),
    "two lines": Format(
        "a.txt", {"format": "text", "document": "line", "lines_per_document": 2}, lambda size: b"one\n\n" + text(size - 4).encode()
    ),
    "a paragraph": Format("a.txt", {"format": "text", "document": "paragraph"}, lambda size: b"one\n" + text(size - 4).encode() + b"\n\n"),
    "a file": Format("a.txt", {"format": "text"}, lambda size: text(size).encode()),
    "a file in gzip": Format("a.txt.gz", {"format": "text"}, lambda size: gzip.compress(text(size).encode())),
    "a file in zstd": Format("a.txt.zst", {"format": "text"}, lambda size: zstandard.compress(text(size).encode())),
    "a program": Format("a.py", {"format": "tree", "kind": "code"}, lambda size: text(size).encode()),
    "a row of Parquet": Format("a.parquet", {"format": "parquet"}, lambda size: parquet(pa.array([text(size)]))),
    "a row of Arrow": Format("a.arrow", {"format": "arrow"}, lambda size: arrow(pa.array([text(size)]))),
    "a row of an Arrow stream": Format("a.arrow", {"format": "arrow"}, lambda size: arrow(pa.array([text(size)]), stream=True)),
    "a page": Format("a.html", {"format": "html"}, lambda size: filled(page, size)),
    "a response": Format("a.warc", {"format": "warc"}, response_of_block),
    "a response that is unpacked": Format("a.warc", {"format": "warc"}, lambda size: packed(text(size - len(page(""))))),
    "a converted text": Format("a.warc", {"format": "warc"}, lambda size: record(text(size).encode(), kind="conversion")),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_a_document_is_too_long_from_the_first_byte_beyond_the_limit_on(tmp_path: Path, name: str) -> None:
    made, kept = FORMATS[name], []
    for size in (LIMIT - 1, LIMIT, LIMIT + 1):
        (tmp_path / made.file).write_bytes(made.data(size))
        found = ingest(tmp_path, {"name": "s", "path": made.file} | made.source, max_document_bytes=LIMIT)
        reasons = [reason for _, reason in found.reasons]
        assert (len(found.texts), reasons) == ((1, []) if size <= LIMIT else (0, ["too_long"])), (
            f"{name} of {size} bytes"
        )
        kept += found.texts
    assert not set("<{[") & set("".join(kept)), "what is kept has been read as its format"
    assert len(kept[1].encode()) == len(kept[0].encode()) + 1, "and is not cut"
    (detail,) = found.rejected.column("detail").to_pylist()
    assert f"{LIMIT + 1} bytes" in detail


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1])
def test_a_long_document_costs_no_other_one_and_is_kept_whole_up_to_the_limit(
    tmp_path: Path, size: int
) -> None:
    (tmp_path / "a.parquet").write_bytes(parquet(pa.array([ROWS[0], text(size), ROWS[1]])))
    found = ingest(
        tmp_path, {"name": "s", "path": "a.parquet", "format": "parquet"}, max_document_bytes=LIMIT
    )
    assert found.texts == [ROWS[0], *[text(size)] * (size <= LIMIT), ROWS[1]]
    assert found.rejected.column("text").to_pylist() == [text(size).encode()[:LIMIT].decode()] * (
        size > LIMIT
    )
