"""Bodies of HTTP responses: their codings are undone, up to a limit."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from pipeline.readers.http_response import BrokenResponseError, parse_response
from tests.pipeline.steps.ingest.samples import ROWS, article, http

PAGE = article("one upon another").encode()


def _chunked(body: bytes) -> bytes:
    return b"%x;x=y\r\n%b\r\n%X\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (9, body[:9], len(body) - 9, body[9:])


def _deflated(body: bytes) -> bytes:
    """Without the header of zlib, as some servers understand the coding's name."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (
            "Transfer-Encoding: chunked",
            lambda body: (
                b"%x;x=y\r\n%b\r\n%X\r\n%b\r\n0\r\nTrailer: x\r\n\r\n"
                % (9, body[:9], len(body) - 9, body[9:])
            ),
        ),
        ("Transfer-Encoding: chunked", _chunked),
        ("Transfer-Encoding: chunked", bytes),
        ("Content-Encoding: gzip", gzip.compress),
        ("Content-Encoding: gzip", bytes),
        ("Content-Encoding: deflate", zlib.compress),
        ("Content-Encoding: deflate", _deflated),
        ("Content-Encoding: deflate", bytes),
        ("Content-Encoding: br", brotli.compress),
        ("Content-Encoding: zstd", zstandard.compress),
        ("content-encoding: br, gzip", lambda body: gzip.compress(brotli.compress(body))),
        ("Content-Encoding: identity", bytes),
        ("X-Crawler-Content-Encoding: gzip", bytes),
    ],
)
def test_codings_are_undone_and_those_that_are_undone_already_are_seen(
    headers: str, body: Callable[[bytes], bytes]
) -> None:
    page = article(ROWS[0]).encode()
    response = parse_response(
        http(body(page), f"Content-Type: text/HTML; Charset='UTF-8'\r\n{headers}"), 10**6
    )
    assert (response.status, response.kind, response.body) == (200, "text/html", page)
    assert response.charset == "utf-8"


PACKERS = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", _deflated),
    ("br", brotli.compress),
    ("zstd", zstandard.compress),
]


@pytest.mark.parametrize(("coding", "pack"), PACKERS)
@pytest.mark.parametrize("size", [999, 60_000])
def test_a_body_is_decoded_to_its_limit_and_one_that_is_cut_is_refused(
    coding: str, pack: Callable[[bytes], bytes], size: int
) -> None:
    page = article(" ".join(map(str, range(size)))[:size]).encode()
    headers = f"Content-Type: text/html\r\nContent-Encoding: {coding}"
    for limit in (500, len(page) - 1, len(page), 10**6):
        assert parse_response(http(pack(page), headers), limit).body == page[: limit + 1]
    assert parse_response(http(b"", headers), 500).body == b""
    for cut in (1, 30):
        with pytest.raises(BrokenResponseError, match=f"^{coding}: ") as caught:
            parse_response(http(pack(page)[:-cut], headers), len(page))
        assert caught.value.reason == "bad_content_encoding"


def test_codings_one_upon_another_are_few() -> None:
    """Each may make as much as the one before, and a header of a record has room for ten thousands."""
    packed = PAGE
    for number in range(1, 8):
        packed = gzip.compress(packed)
        answer = http(packed, "Content-Type: text/html\r\nContent-Encoding: " + ", ".join(["gzip"] * number))
        if number <= 5:
            assert parse_response(answer, 10**6).body == PAGE
        else:
            with pytest.raises(BrokenResponseError, match=f"{number} codings one upon another") as caught:
                parse_response(answer, 10**6)
            assert caught.value.reason == "bad_content_encoding"
