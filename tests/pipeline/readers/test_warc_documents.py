"""What a record of an archive is read as: by its kind, its type and the block's own first bytes; and lengths
that are nearly right."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import brotli
import pytest

from pipeline.readers.input_files import InputFile
from pipeline.readers.warc_documents import read_archive
from tests.pipeline.readers.test_http_response import _chunked
from tests.pipeline.steps.ingest.samples import ROWS, article, http, record

LAOZI = "道可道，非常道。名可名，非常名。无名天地之始，有名万物之母。"
PAGE = article(ROWS[0] * 3)
TEXT = "On style\n\n" + ROWS[0] * 3
HTTP = http(PAGE.encode())


def rows(folder: Path, *records: bytes, suffix: str = ".warc") -> list[dict[str, Any]]:
    data = b"".join(records) if suffix == ".warc" else b"".join(map(gzip.compress, records))
    (folder / f"a{suffix}").write_bytes(data)
    file = InputFile.of(folder / f"a{suffix}")
    return [row for batch in read_archive(file, "a", 0, None, 10**6) for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("kind", "media", "block", "text", "charset"),
    [
        ("resource", "text/html", PAGE.encode(), TEXT, "utf-8"),
        ("resource", "Text/HTML; charset=utf-8", PAGE.encode(), TEXT, "utf-8"),
        ("resource", "application/xhtml+xml", PAGE.encode(), TEXT, "utf-8"),
        ("resource", "text/html", article(LAOZI).encode("gb18030"), f"On style\n\n{LAOZI}", "gb18030"),
        ("resource", "text/plain; charset=gbk", LAOZI.encode("gbk"), LAOZI, "gb18030"),
        ("resource", "text/plain; charset=windows-1251", "Вчера".encode("cp1251"), "Вчера", "cp1251"),
        ("resource", "text/markdown", ROWS[0].encode(), ROWS[0], "utf-8"),
        ("resource", None, PAGE.encode(), TEXT, "utf-8"),
        ("response", None, HTTP, TEXT, "utf-8"),
        ("response", "application/octet-stream", HTTP, TEXT, "utf-8"),
        # Such as of an address that begins with ftp: a block without a header of HTTP.
        ("response", "text/html", PAGE.encode(), TEXT, "utf-8"),
        ("conversion", "text/html", PAGE.encode(), TEXT, "utf-8"),
        ("conversion", None, LAOZI.encode(), LAOZI, None),
    ],
)
def test_a_record_is_read_as_what_it_holds(
    tmp_path: Path, kind: str, media: str | None, block: bytes, text: str, charset: str | None
) -> None:
    (row,) = rows(tmp_path, record(block, kind=kind, Content_Type=media))
    assert (row["text"].decode(), row["charset"], row["reason"]) == (text, charset, None)
    assert row["url"] == "https://example.org/"


@pytest.mark.parametrize(
    ("kind", "media", "block", "reason", "detail"),
    [
        ("resource", "image/png", b"\x89PNG\r\n", "not_a_page", "image/png"),
        ("resource", "text/dns", b"20240101 example.org", "not_a_page", "text/dns"),
        ("resource", None, b"\x89PNG\r\n", "not_a_page", "no type is told"),
        ("resource", "application/http", HTTP, "not_a_page", "application/http"),
        ("response", None, b"\x89PNG\r\n", "not_a_page", "no type is told"),
        ("response", "application/http", b"nothing of the kind", "bad_http", "no HTTP status line"),
        ("conversion", "application/json", b"{}", "not_a_page", "application/json"),
        ("resource", "text/html", b"<title>a</title>", "empty", None),
    ],
)
def test_what_is_no_text_is_told(
    tmp_path: Path, kind: str, media: str | None, block: bytes, reason: str, detail: str | None
) -> None:
    (row,) = rows(tmp_path, record(block, kind=kind, Content_Type=media))
    assert row["reason"] == reason
    assert detail is None or row["detail"].startswith(detail)


@pytest.mark.parametrize("kind", ["request", "metadata", "revisit", "warcinfo", "continuation", ""])
def test_other_records_are_no_documents(tmp_path: Path, kind: str) -> None:
    assert rows(tmp_path, record(HTTP, kind=kind, Content_Type="application/http")) == []


def off(block: bytes, by: int, number: int) -> bytes:
    return record(block, f"https://example.org/{number}", Content_Length=str(len(block) + by))


BODIES = {
    "plain": HTTP,
    "chunks": http(_chunked(PAGE.encode()), "Content-Type: text/html\r\nTransfer-Encoding: chunked"),
    "gzip": http(gzip.compress(PAGE.encode()), "Content-Type: text/html\r\nContent-Encoding: gzip"),
    "brotli": http(brotli.compress(PAGE.encode()), "Content-Type: text/html\r\nContent-Encoding: br"),
}


@pytest.mark.parametrize("suffix", [".warc", ".warc.gz"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("by", [-2, -1, 0, 1, 2, 3])
def test_a_length_that_is_a_byte_or_two_off_costs_nothing(
    tmp_path: Path, suffix: str, body: str, by: int
) -> None:
    block = BODIES[body]
    found = rows(tmp_path, *(off(block, by, number) for number in range(3)), suffix=suffix)
    assert [(row["text"].decode(), row["reason"]) for row in found] == [(TEXT, None)] * 3
    assert [row["url"][-1] for row in found] == ["0", "1", "2"]


@pytest.mark.parametrize("by", [-3, -40, 5, 400])
def test_a_length_that_is_farther_off_is_told_and_costs_no_other_record(tmp_path: Path, by: int) -> None:
    found = rows(tmp_path, off(HTTP, 0, 0), off(HTTP, by, 1), off(HTTP, 0, 2))
    assert [row["reason"] for row in found] == [None, "bad_content_length", None]
    assert f"{len(HTTP) + by} bytes are stated" in found[1]["detail"]


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n\r\n\r\n"])
@pytest.mark.parametrize("body", BODIES)
def test_whatever_line_ends_stand_between_records(tmp_path: Path, between: bytes, body: str) -> None:
    block = BODIES[body]
    parts = [off(block, 0, number).removesuffix(b"\r\n\r\n") + between for number in range(3)]
    found = rows(tmp_path, *parts)
    assert [(row["text"].decode(), row["reason"]) for row in found] == [(TEXT, None)] * 3


ABOUT = record(b'{"Envelope": {}}', kind="metadata", Content_Type="application/json")
FETCHED = record(b"fetchTimeMs: 1", kind="metadata", Content_Type="application/warc-fields")


def test_an_archive_of_metadata_alone_is_told_once(tmp_path: Path) -> None:
    info = record(b"software: x", kind="warcinfo", Content_Type="application/warc-fields")
    for suffix in (".warc", ".warc.gz"):
        (row,) = rows(tmp_path, info, ABOUT, ABOUT, ABOUT, suffix=suffix)
        assert (row["reason"], row["size"]) == ("only_metadata", 0)
        assert row["detail"].startswith("3 records of JSON about pages, and no page: a WAT file")


def test_metadata_beside_pages_is_no_reject(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, ABOUT, record(HTTP, kind="response", Content_Type="application/http"), FETCHED)
    assert (row["reason"], row["text"].decode()) == (None, TEXT)
    assert rows(tmp_path, FETCHED) == []
