"""Bytes of files, plain or compressed (gzip, zstd, bzip2, xz), block by block. What comes before a damage is
given before it is raised."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import zstandard

from manifests.credentials import without_credentials
from pipeline.readers.input_files import InputFile
from pipeline.readers.zstd_dictionary import BadDictionaryError, zstd_decoder

BLOCK = 1 << 22
# zstd may blow four bytes up to 128 kB and cannot be asked to stop: it gets so little at a time that memory
# stays bounded.
_COMPRESSED_BLOCK = 1 << 14

Decoder = Callable[[], Any]
"""Makes what decompresses one gzip member, zstd frame or stream."""

_DECODERS: dict[str, Callable[[InputFile], Decoder]] = {
    ".gz": lambda file: lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
    ".bz2": lambda file: bz2.BZ2Decompressor,
    ".xz": lambda file: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ),
    ".zst": zstd_decoder,
}
# What decoders raise on damaged data; bzip2's is a bare OSError.
_ERRORS = (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError)


class DamagedFileError(ValueError):
    """A file that ends early or is damaged; raised after everything before the damage was given.

    ``reason`` is that of the reject; ``text`` are bytes before the damage that were not given, as they are no
    whole document; ``member`` is where in the file the damaged stretch begins that was compressed by itself
    (a gzip member, a zstd frame).
    """

    def __init__(self, reason: str, detail: str, text: bytes = b"", member: int = 0) -> None:
        super().__init__(without_credentials(detail))
        self.reason = reason
        self.text = text
        self.member = member


def is_compressed(file: InputFile) -> bool:
    """Whether the name ends as those of compressed files do."""
    return file.suffix in _DECODERS


def blocks(file: InputFile, start: int = 0) -> Iterator[bytes]:
    """The bytes of a file, decompressed, in blocks of a few MB at most.

    Args:
        start: byte offset at which to begin; in a compressed file, where a member or frame begins.

    Raises:
        DamagedFileError: with reason ``truncated_gzip`` (or ``zstd``, ``bz2``, ``xz``) or
            ``corrupt_compression``.
    """
    if not is_compressed(file):
        return _plain(file, start, BLOCK)
    return _gathered(_from_member(file, start))


def decoder_of(file: InputFile) -> Decoder:
    """What decompresses the file's members or frames, with its dictionary if it has one.

    Raises:
        DamagedFileError: with reason ``corrupt_compression``: the dictionary is damaged.
    """
    try:
        return _DECODERS[file.suffix](file)
    except BadDictionaryError as error:
        raise DamagedFileError("corrupt_compression", str(error)) from None


def head(file: InputFile, start: int, decoder: Decoder) -> bytes:
    """Some bytes of what the gzip member or zstd frame at ``start`` holds; none where it is damaged."""
    with suppress(DamagedFileError):
        return next(filter(None, _decompressed(file, start, decoder)), b"")
    return b""


def _until_damage(decoder: Any | None, block: bytes) -> bytes:
    """What a gzip block holds before its damage, such as all of it if only the checksum is wrong; the others
    cannot be wound back."""
    found = bytearray()
    if decoder is not None:
        with suppress(zlib.error):
            for byte in block:
                found += decoder.decompress(bytes((byte,)))
    return bytes(found)


def _plain(file: InputFile, start: int, size: int) -> Iterator[bytes]:
    with file.open() as stream:
        stream.seek(start)
        while block := stream.read(size):
            yield block


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Joins pieces to blocks, and gives what came before an error."""
    block: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            block.append(piece)
            size += len(piece)
            if size >= BLOCK:
                yield b"".join(block)
                block, size = [], 0
    except DamagedFileError:
        yield b"".join(block)
        raise
    yield b"".join(block)


def _from_member(file: InputFile, start: int) -> Iterator[bytes]:
    yield from _decompressed(file, start, decoder_of(file))


def _decompressed(file: InputFile, start: int, new: Decoder) -> Iterator[bytes]:
    """Decompresses all members (gzip), frames (zstd) or streams of a file from the one at ``start`` on."""
    decoder = None
    end = member = start
    for block in _plain(file, start, _COMPRESSED_BLOCK):
        end += len(block)
        while block:
            if decoder is None:
                decoder, member = new(), end - len(block)
            before = decoder.copy() if file.suffix == ".gz" else None
            try:
                yield decoder.decompress(block)
            except _ERRORS as error:
                yield _until_damage(before, block)
                raise DamagedFileError("corrupt_compression", str(error), member=member) from None
            block = decoder.unused_data
            if decoder.eof:
                decoder = None
    if decoder is not None:
        kind = {".gz": "gzip", ".zst": "zstd"}.get(file.suffix, file.suffix[1:])
        raise DamagedFileError(
            f"truncated_{kind}",
            f"the file ends after {end} bytes, before its compressed data do",
            member=member,
        )
