"""HTTP responses as archives keep them: status, type, charset, and the body with its transfer and content
codings undone."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

import brotli
import zstandard

from pipeline.readers.limits import DEFAULT

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: |\r?\n|$)")
_MAX_HEAD = 1 << 18
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_MOST_CODINGS = 5
"""One upon another, as curl takes them (MAX_ENCODE_STACK): each may make as much as the one before."""
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]*)?\r?\n")


class BrokenResponseError(ValueError):
    """A response that cannot be used; ``reason`` is that of the reject."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Response(NamedTuple):
    """``kind`` is the media type in lower case, empty if none is told; ``body`` holds at most one byte more
    than was asked for."""

    status: int
    kind: str
    charset: str | None
    body: bytes


def parse_response(data: bytes, limit: int) -> Response:
    """The response in an archive's record, of whose decoded body no more than ``limit`` + 1 bytes are made.

    Archives often name codings that their crawler has already undone: a body that does not even begin as they
    say is taken as it is.

    Raises:
        BrokenResponseError: with reason ``bad_http``, ``bad_chunking`` or ``bad_content_encoding``.
    """
    end = _HEAD_END.search(data, 0, _MAX_HEAD)
    status = _STATUS.match(data)
    if end is None or status is None:
        raise BrokenResponseError("bad_http", f"no HTTP status line and header: {data[:40]!r}")
    headers = _headers(data[status.end() : end.start()])
    body = data[end.end() :]
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _joined_chunks(body)
    for coding in reversed(_codings(headers)):
        body = _decoded(body, coding, limit)
    kind, charset = media_type(headers.get("content-type", ""))
    return Response(int(status[1]), kind, charset, body)


def media_type(value: str) -> tuple[str, str | None]:
    """The type and the charset of a Content-Type header."""
    kind, _, parameters = value.partition(";")
    charset = _CHARSET.search(parameters)
    return kind.strip().lower(), None if charset is None else charset[1].lower()


def _headers(head: bytes) -> dict[str, str]:
    """Names in lower case; of a name that occurs twice, the first value holds."""
    found: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _codings(headers: dict[str, str]) -> list[str]:
    found = [coding.strip() for coding in headers.get("content-encoding", "").lower().split(",")]
    if len(found) > _MOST_CODINGS:
        raise BrokenResponseError("bad_content_encoding", f"{len(found)} codings one upon another")
    return found


def _joined_chunks(body: bytes) -> bytes:
    pieces: list[bytes] = []
    position = 0
    while position < len(body):
        size = _CHUNK_SIZE.match(body, position)
        if size is None and not pieces:
            return body
        if size is None:
            raise BrokenResponseError(
                "bad_chunking", f"no chunk size at byte {position}: {body[position : position + 20]!r}"
            )
        start, length = size.end(), int(size[1], 16)
        if length == 0:
            break
        if start + length > len(body):
            raise BrokenResponseError(
                "bad_chunking", f"a chunk of {length} bytes has only {len(body) - start}"
            )
        pieces.append(body[start : start + length])
        position = start + length
        position += 2 if body[position : position + 2] == b"\r\n" else body[position : position + 1] == b"\n"
    return b"".join(pieces)


def _gunzip(body: bytes, most: int) -> bytes:
    return _inflate(body, most, zlib.MAX_WBITS | 32)


def _inflate(body: bytes, most: int, window: int = -zlib.MAX_WBITS) -> bytes:
    decoder = zlib.decompressobj(window)
    found = decoder.decompress(body, most)
    if not decoder.eof and len(found) < most:
        raise zlib.error("it ends early")
    return found


def _unbrotli(body: bytes, most: int) -> bytes:
    decoder = brotli.Decompressor()
    found = [decoder.process(body, output_buffer_limit=most)]
    while not decoder.can_accept_more_data() and sum(map(len, found)) < most:
        found.append(decoder.process(b"", output_buffer_limit=most))
    if not decoder.is_finished() and sum(map(len, found)) < most:
        raise brotli.error("it ends early")
    return b"".join(found)[:most]


def _unzstd(body: bytes, most: int) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)) as reader:
        found = reader.read(most)
    if (
        len(found) < most
    ):  # the reader does not tell a cut frame; another decoder does, but cannot be asked to stop
        decoder = zstandard.ZstdDecompressor().decompressobj()
        decoder.decompress(body)
        if not decoder.eof:
            raise zstandard.ZstdError("it ends early")
    return found


_BROKEN = (zlib.error, brotli.error, zstandard.ZstdError)


def _decoder(coding: str, body: bytes) -> Callable[[bytes, int], bytes] | None:
    """What undoes a coding; None if the body does not begin as it must, or the coding is not known."""
    if coding in ("gzip", "x-gzip"):
        return _gunzip if body.startswith(b"\x1f\x8b") else None
    if coding == "deflate":
        return _gunzip if body.startswith(b"\x78") else _inflate
    return {"br": _unbrotli, "zstd": _unzstd}.get(coding)


def _decoded(body: bytes, coding: str, limit: int) -> bytes:
    decode = _decoder(coding, body)
    if decode is None or not body or _looks_decoded(body):
        return body
    most = min(limit + 1, DEFAULT.held(len(body)))
    try:
        found = decode(body, most)
    except _BROKEN as error:
        raise BrokenResponseError("bad_content_encoding", f"{coding}: {error}") from None
    if limit >= most <= len(found):
        raise BrokenResponseError("too_costly", f"{coding}: over {most} bytes in {len(body)}")
    return found


def _looks_decoded(body: bytes) -> bool:
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
