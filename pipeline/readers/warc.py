"""WARC and WET archives (ISO 28500): records by their own lengths; a broken one is told, passed over, and
costs no other one.

The framing is our own, as fastwarc gives a record that was cut short as if it were whole, and ends at the
first broken one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.readers.archive_members import Members
from pipeline.readers.byte_stream import ByteStream
from pipeline.readers.input_files import InputFile

_VERSION = b"WARC/"
_BETWEEN = b"\r\n\r\n"
_NEXT = b"\nWARC/1."
_MAX_HEAD = 1 << 16
_BEHIND = len(_BETWEEN) + len(_VERSION)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
# No header goes on behind the beginning of another record.
_HEAD_OR_NEXT = re.compile(rb"\r?\n(?:\r?\n|(?=WARC/1\.))")
_LENGTH = re.compile(r"[0-9]{1,18}")
_PROBE = 1 << 12
# Wget and others state a length that is a byte or two too short, or count the line ends behind the block.
_SHORT = 2


class Record(NamedTuple):
    """``offset`` is that of the record in the decompressed file, header names are in lower case, ``size``
    counts the bytes of the block, of which ``body`` holds no more than was asked for. A record that cannot be
    used has a ``reason``."""

    offset: int
    headers: dict[str, str]
    body: bytes
    size: int
    reason: str | None = None
    detail: str | None = None


def records(file: InputFile, start: int, end: int | None, limit: int) -> Iterator[Record]:
    """The records that begin in bytes [start, end) of a file; ``start`` is where one begins. Bodies are cut
    at ``limit`` bytes."""
    members = Members(file, _VERSION)
    stream = ByteStream(members.blocks(start), start)
    while True:
        stream.skip_any(b"\r\n")
        if end is not None and stream.offset >= end:
            return
        if stream.peek(1):
            yield _record(stream, limit)
        elif stream.damage is None:
            return
        if stream.damage is not None and not stream.peek(1):
            damage = stream.damage
            member = members.behind(damage)
            behind = "nothing follows" if member is None else f"read on at byte {member} of the file"
            yield Record(stream.offset, {}, b"", 0, damage.reason, f"{damage}; {behind}")
            if member is None:
                return
            stream.go_on(members.blocks(member))
            # The damage has a name of its own, also if not one byte came out of it.
            stream.offset += 1


def _record(stream: ByteStream, limit: int) -> Record:
    offset = stream.offset
    head = _take_head(stream)
    headers = _headers(head)
    size = _length(headers)
    if size is None:
        return _unframed(stream, offset, head, headers, limit)
    body, there, ends = _block(stream, size, limit)
    if ends:
        return Record(offset, headers, _without_line_ends(body, stream.peek(_BEHIND)), size)
    # The length is wrong, or the file ends: the next record tells which, and where this one ends.
    rest, more = stream.take_to(_NEXT, limit - len(body))
    if _is_short(body + rest, there + more, size):
        block = (body + rest).rstrip(b"\r\n")
        return Record(offset, headers, block, len(block))
    reason = "truncated_warc" if there + more < size and not stream.peek(1) else "bad_content_length"
    return Record(
        offset,
        headers,
        body + rest,
        there + more,
        reason,
        f"{size} bytes are stated, {there + more} are there",
    )


def _block(stream: ByteStream, size: int, limit: int) -> tuple[bytes, int, bool]:
    """A block of a stated size: its first ``limit`` bytes, how many there were, and whether the record ends
    behind it. Where it does not, a block of at most ``limit`` bytes is not taken."""
    if size <= limit:
        ends = stream.holds(size) and _is_end(stream.peek_behind(size, _BEHIND))
        return (stream.take(size), size, True) if ends else (b"", 0, False)
    body = stream.take(limit)
    there = len(body) + stream.skip(size - limit)
    return body, there, there == size and _is_end(stream.peek(_BEHIND))


def _is_end(behind: bytes) -> bool:
    return behind.startswith(_BETWEEN) or behind.lstrip(b"\r\n")[: len(_VERSION)] in (_VERSION, b"")


def _without_line_ends(body: bytes, behind: bytes) -> bytes:
    """A block without those of the line ends between records that its length takes in, as the rest behind it
    shows; a block that ends in all of them, such as one in chunks, is left as it is."""
    missing = next((size for size in range(len(_BETWEEN)) if behind.startswith(_BETWEEN[size:])), 0)
    return body.removesuffix(_BETWEEN[:missing])


def _is_short(found: bytes, there: int, stated: int) -> bool:
    """Whether what is there as far as the next record is the block and ``_SHORT`` bytes at most."""
    return there == len(found) > stated and len(found[stated:].rstrip(b"\r\n")) <= _SHORT


def _unframed(stream: ByteStream, offset: int, head: bytes, headers: dict[str, str], limit: int) -> Record:
    """What is where a record should begin, as far as the next one."""
    body, size = stream.take_to(_NEXT, limit)
    if head:
        return Record(
            offset,
            headers,
            body,
            size,
            "broken_record",
            f"content-length is {headers.get('content-length')!r}",
        )
    if body.startswith(_VERSION):
        reason = "broken_record" if stream.peek(1) else "truncated_warc"
        return Record(offset, headers, body, size, reason, "the header has no end")
    return Record(
        offset,
        headers,
        body,
        size,
        "broken_record" if offset else "not_warc",
        f"no WARC header, but {body[:40]!r}",
    )


def _take_head(stream: ByteStream) -> bytes:
    """The header before the next byte, with its end; empty if there is none."""
    size = _PROBE
    while True:
        data = stream.peek(size)
        end = _HEAD_OR_NEXT.search(data)
        if not data.startswith(_VERSION) or (end is None and (len(data) < size or size >= _MAX_HEAD)):
            return b""
        if end is not None:
            return stream.take(end.end()) if _HEAD_END.fullmatch(end[0]) else b""
        size *= 4


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("utf-8", errors="replace").splitlines()[1:]
    fields = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, colon, value in fields if colon}


def _length(headers: dict[str, str]) -> int | None:
    """The bytes of a record's block, if the header tells them."""
    match = _LENGTH.fullmatch(headers.get("content-length", ""))
    return None if match is None else int(match[0])


def record_offsets(file: InputFile, part_bytes: int) -> list[int]:
    """Offsets of records of a plain WARC file that are at least ``part_bytes`` apart, beginning with 0.

    Goes from record to record by their lengths, as ``records`` does, and ends at the first that is not sound.
    """
    found, offset = [0], 0
    with file.open() as data:
        while offset < file.size:
            if offset - found[-1] >= part_bytes:
                found.append(offset)
            data.seek(offset)
            head = data.read(_PROBE)
            end = _HEAD_END.search(head)
            length = None if end is None else _length(_headers(head[: end.end()]))
            if end is None or length is None or not head.startswith(_VERSION):
                break
            offset += end.end() + length
            data.seek(offset)
            if data.read(len(_BETWEEN) + len(_VERSION)) != _BETWEEN + _VERSION:
                break
            offset += len(_BETWEEN)
    return found
