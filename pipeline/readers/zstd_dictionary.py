"""zstd with a dictionary that the file brings along, as web archives have it (IIPC, Zstandard Compression of
WARC files 1.0): the first frame is a skippable one that holds the dictionary, itself compressed or not."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import zstandard

from pipeline.readers.input_files import InputFile

_DICTIONARY_FRAME = 0x184D2A5D
_COMPRESSED = b"\x28\xb5\x2f\xfd"
_BLOCK_HEADER, _MAX_BLOCK, _REPEATED_BYTE, _RESERVED_BLOCK = 3, 1 << 17, 1, 3
_HEADER = struct.Struct("<II")
# Those of the archives are a hundredth of this; the length is what a file says, true or not.
_MAX_DICTIONARY = 1 << 26


class BadDictionaryError(ValueError):
    """A dictionary that cannot be used."""


def zstd_decoder(file: InputFile) -> Callable[[], Any]:
    """What makes the decompressor of each frame of a file.

    Raises:
        BadDictionaryError: the file's dictionary is damaged.
    """
    dictionary = _dictionary(file)

    def new() -> Any:
        return zstandard.ZstdDecompressor(dictionary, max_window_size=file.limits.window).decompressobj()

    try:
        new()
    except zstandard.ZstdError as error:
        raise BadDictionaryError(f"the file's dictionary is damaged: {error}") from None
    return new


def first_block(frame: bytes) -> int:
    """Where the first block of a frame ends (RFC 8878, 3.1.1.2); 0 where none begins there."""
    try:
        begin = zstandard.frame_header_size(frame)
    except zstandard.ZstdError:
        return 0
    header = int.from_bytes(frame[begin : begin + _BLOCK_HEADER], "little")
    kind, size = header >> 1 & 3, header >> 3
    if kind == _RESERVED_BLOCK or size > _MAX_BLOCK:
        return 0
    return begin + _BLOCK_HEADER + (1 if kind == _REPEATED_BYTE else size)


def _dictionary(file: InputFile) -> zstandard.ZstdCompressionDict | None:
    with file.open() as stream:
        head = stream.read(_HEADER.size)
        magic, size = _HEADER.unpack(head) if len(head) == _HEADER.size else (0, 0)
        if magic != _DICTIONARY_FRAME:
            return None
        if size > _MAX_DICTIONARY:
            raise BadDictionaryError(f"the file's dictionary is said to have {size} bytes")
        data = stream.read(size)
    if len(data) < size:
        raise BadDictionaryError(f"the file ends within its dictionary of {size} bytes")
    return zstandard.ZstdCompressionDict(_unpacked(data) if data.startswith(_COMPRESSED) else data)


def _unpacked(data: bytes) -> bytes:
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            found = reader.read(_MAX_DICTIONARY + 1)
    except zstandard.ZstdError as error:
        raise BadDictionaryError(f"the file's dictionary is damaged: {error}") from None
    if len(found) > _MAX_DICTIONARY:
        raise BadDictionaryError(f"the file's dictionary has more than {_MAX_DICTIONARY} bytes")
    return found
