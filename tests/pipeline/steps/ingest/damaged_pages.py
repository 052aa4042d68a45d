"""Damaged pages and archives."""

from __future__ import annotations

import gzip

import brotli
import zstandard

from tests.pipeline.steps.ingest.damage import (
    LETTER,
    NOISE,
    WARC,
    A,
    Kind,
    broken_record,
    chunked,
    coded,
    file,
    flipped,
)
from tests.pipeline.steps.ingest.samples import (
    LAOZI,
    ROWS,
    http,
    jsonl,
    page,
    record,
)

PAGES: tuple[tuple[str, Kind], ...] = (
    file("gzip of plain text", "a.jsonl.gz", jsonl(ROWS), "corrupt_compression", "header"),
    file(
        "gzip checksum",
        "a.jsonl.gz",
        flipped(gzip.compress(jsonl(ROWS)), -6),
        "corrupt_compression",
        "incorrect",
        kept=ROWS,
    ),
    file(
        "gzip with rubbish behind",
        "a.jsonl.gz",
        gzip.compress(jsonl(ROWS)) + b"rubbish",
        "corrupt_compression",
        "header",
        kept=ROWS,
    ),
    file(
        "gzip cut in its trailer",
        "a.txt.gz",
        gzip.compress(LAOZI.encode())[:-3],
        "truncated_gzip",
        "the file ends after",
    ),
    file("zstd of plain text", "a.jsonl.zst", jsonl(ROWS), "corrupt_compression", "Unknown frame"),
    file(
        "zstd flipped bit",
        "a.jsonl.zst",
        flipped(zstandard.compress(jsonl(ROWS * 99)), 30),
        "corrupt_compression",
    ),
    file(
        "zstd cut",
        "a.txt.zst",
        zstandard.compress(LAOZI.encode())[:-5],
        "truncated_zstd",
        "the file ends after",
    ),
    file(
        "program that is binary",
        "a.py",
        b"\x7fELF\x00\x01",
        "binary",
        "6 bytes",
        key="",
        source={"format": "tree", "kind": "code"},
    ),
    file("page in no charset", "a.html", b"<p>" + NOISE * 3, "invalid_encoding", "no charset fits", key=""),
    file(
        "page of links only",
        "a.html",
        page("<a href=/1>One</a> <a href=/2>Two</a>").encode(),
        "no_main_text",
        "characters in all",
        key="",
    ),
    file("page of nothing", "a.html", page("").replace("Home", "").encode(), "empty", key=""),
    file(
        "page nested too deep",
        "a.html",
        page("<div>" * 50_000 + ROWS[0]).encode(),
        "nested_too_deep",
        "5000",
        key="",
    ),
    file(
        "page of nested lists",
        "a.html",
        page("<ul><li>" * 50_000 + ROWS[0]).encode(),
        "nested_too_deep",
        "5000",
        key="",
    ),
    file("page too long", "a.html", LETTER, "too_long", f"{len(LETTER)} bytes", key="", limit=100),
    file("page cut", "a.html.gz", gzip.compress(LETTER)[:-9], "truncated_gzip"),
    file("warc of plain text", "a.warc", jsonl(ROWS), "not_warc", "no WARC header", key="#0"),
    file(
        "warc cut in a body",
        "a.warc",
        WARC[0] + WARC[1][:-40],
        "truncated_warc",
        "are stated",
        f"#{len(WARC[0])}",
        (A,),
    ),
    file(
        "warc cut in a header",
        "a.warc",
        WARC[0] + WARC[1][:60],
        "truncated_warc",
        "the header has no end",
        f"#{len(WARC[0])}",
        (A,),
    ),
    broken_record(
        "warc without length",
        record(http(LETTER), Content_Length=None),
        "broken_record",
        "content-length is None",
    ),
    broken_record(
        "warc length is a word", record(http(LETTER), Content_Length="long"), "broken_record", "'long'"
    ),
    broken_record(
        "warc length has no end",
        record(http(LETTER), Content_Length="9" * 9000),
        "broken_record",
        "content-length",
    ),
    broken_record(
        "warc length is negative", record(http(LETTER), Content_Length="-1"), "broken_record", "'-1'"
    ),
    broken_record(
        "warc length too short",
        record(http(LETTER), Content_Length="80"),
        "bad_content_length",
        "80 bytes are stated",
    ),
    broken_record(
        "warc length too long",
        record(http(LETTER), Content_Length="700"),
        "bad_content_length",
        "700 bytes are stated",
    ),
    broken_record(
        "warc length beyond the end",
        record(http(LETTER), Content_Length="99999999"),
        "bad_content_length",
        "99999999 bytes",
    ),
    broken_record(
        "warc rubbish between", b"rubbish\r\n\r\n", "broken_record", "no WARC header, but b'rubbish"
    ),
    broken_record(
        "warc header without end",
        b"WARC/1.0\r\n" + b"X: y\r\n" * 20_000,
        "broken_record",
        "the header has no end",
    ),
    broken_record(
        "warc record too long",
        record(http(LETTER * 99)),
        "too_long",
        f"{len(http(LETTER * 99))} bytes",
        limit=9_000,
    ),
    broken_record("http that is none", record(b"SSH-2.0-OpenSSH\r\n\r\n"), "bad_http", "no HTTP status line"),
    broken_record(
        "http header without end", record(b"HTTP/1.1 200 OK\r\nContent-Type: text/html"), "bad_http", ""
    ),
    broken_record("http not found", record(http(LETTER, status="404 Not Found")), "http_status", "404"),
    broken_record(
        "http picture", record(http(b"\x89PNG\r\n", "Content-Type: image/png")), "not_a_page", "image/png"
    ),
    broken_record(
        "http chunk cut",
        record(chunked(b"ff\r\n<p>short")),
        "bad_chunking",
        "a chunk of 255 bytes has only 8",
    ),
    broken_record(
        "http chunk size",
        record(chunked(b"3\r\n<p>\r\nzz\r\nx\r\n0\r\n\r\n")),
        "bad_chunking",
        "no chunk size at byte 8",
    ),
    broken_record(
        "http gzip cut",
        record(coded(gzip.compress(LETTER)[:-20], "gzip")),
        "bad_content_encoding",
        "gzip",
    ),
    broken_record(
        "http brotli broken",
        record(coded(flipped(brotli.compress(LETTER), 5), "br")),
        "bad_content_encoding",
        "br",
    ),
    broken_record(
        "http zstd broken", record(coded(b"no zstd at all", "zstd")), "bad_content_encoding", "zstd"
    ),
    broken_record(
        "http bomb",
        record(coded(gzip.compress(b"<p>" + b" " * 10**7), "gzip")),
        "too_long",
        "50001 bytes",
        limit=50_000,
    ),
    broken_record(
        "wet of another type",
        record(b"{}", kind="conversion", Content_Type="application/json"),
        "not_a_page",
        "application/json",
    ),
)
