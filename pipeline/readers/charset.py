"""Charsets: UTF-8 first, a byte order mark, then GB18030 where the result looks like Chinese."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain

import pyarrow as pa

from pipeline.readers.compressed import DamagedFileError

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u2010-\u2030]+")
# Any byte pair is some GB18030 character; real Chinese text is nearly all common Han letters and full-width marks.
_MIN_CHINESE = 0.9


def utf16_name(head: bytes) -> str | None:
    """The charset that a byte order mark of UTF-16 tells."""
    return _UTF16.get(head[:2])


def without_utf16(blocks: Iterator[bytes]) -> tuple[str | None, Iterator[bytes]]:
    """A stream that no longer is UTF-16, and which of the two it was.

    Line feeds cannot be found in the bytes of UTF-16, so that it is turned into UTF-8 before anything else is done with it.

    Raises (from the iterator):
        DamagedFileError: with reason ``invalid_encoding``, behind everything that could be decoded.
    """
    head = next(blocks, b"")
    charset = utf16_name(head)
    whole = chain([head], blocks)
    return charset, whole if charset is None else _utf16(whole, charset)


def _utf16(blocks: Iterator[bytes], charset: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        for block in blocks:
            yield decoder.decode(block).removeprefix("\ufeff").encode()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DamagedFileError("invalid_encoding", f"{charset}: {error.reason}") from None


def decode(data: bytes) -> tuple[str, str | None]:
    """Text and the name of its charset; the charset is None where none fits, and the text then holds replacement characters."""
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace"), None
    return (text, "gb18030") if _looks_chinese(text) else (data.decode("utf-8", errors="replace"), None)


def _looks_chinese(text: str) -> bool:
    foreign = sum(map(len, _FOREIGN.findall(text)))
    return sum(map(len, _CHINESE.findall(text))) >= _MIN_CHINESE * foreign


def decode_all(data: pa.BinaryArray) -> tuple[pa.StringArray, pa.StringArray]:
    """Texts and charsets [documents], as in ``decode``. A column that is all UTF-8 is checked natively and not copied."""
    try:
        return data.cast(pa.string()), pa.repeat("utf-8", len(data))
    except pa.ArrowInvalid:
        decoded = [decode(text) for text in data.to_pylist()]
        return pa.array([text for text, _ in decoded], pa.string()), pa.array([charset for _, charset in decoded], pa.string())
