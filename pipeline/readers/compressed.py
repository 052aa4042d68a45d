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
from pipeline.readers.zstd_dictionary import BadDictionaryError, first_block, zstd_decoder

BLOCK = 1 << 22
# zstd may blow four bytes up to 128 kB and cannot be asked to stop: it gets so little at a time that memory
# stays bounded.
_COMPRESSED_BLOCK = {".zst": 1 << 12}
_FIRST_BLOCK = 1 << 9
# What xz needs beside its window.
_BESIDE_WINDOW = 1 << 24
# As zstd and liblzma say it.
_TOO_MUCH_MEMORY = ("too much memory", "Memory usage limit")

PROBE = 1 << 12
"""Bytes of a gzip member that hold its header and something of its content."""

Decoder = Callable[[], Any]
"""Makes what decompresses one gzip member, zstd frame or stream."""

_DECODERS: dict[str, Callable[[InputFile], Decoder]] = {
    ".gz": lambda file: lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
    ".bz2": lambda file: bz2.BZ2Decompressor,
    ".xz": lambda file: (
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=file.limits.window + _BESIDE_WINDOW)
    ),
    ".zst": zstd_decoder,
}
# What decoders raise on damaged data; bzip2's is a bare OSError.
_ERRORS = (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError)


class DamagedFileError(ValueError):
    """A file that ends early or is damaged; raised after everything before the damage was given.

    ``reason`` is that of the reject; ``text`` are bytes before the damage that were not given, as they are no
    whole document; ``member`` is where in the file the damaged stretch begins that was compressed by itself
    (a gzip member, a zstd frame), ``end`` as far as the file was read.
    """

    def __init__(self, reason: str, detail: str, text: bytes = b"", member: int = 0, end: int = 0) -> None:
        super().__init__(without_credentials(detail))
        self.reason = reason
        self.text = text
        self.member, self.end = member, end


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


def begins_with(file: InputFile, data: bytes, wanted: bytes, decoder: Decoder) -> bool:
    """Whether what is compressed from the first byte of ``data`` on, a gzip member or a zstd frame, begins
    with some bytes. Of gzip ``PROBE`` bytes are looked at, of zstd the first block."""
    with suppress(*_ERRORS):
        if file.suffix == ".gz":
            return bool(decoder().decompress(data[:PROBE], len(wanted)) == wanted)
        block = first_block(data)
        return block > 0 and bool(decoder().decompress(data[:block]).startswith(wanted))
    return False


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


def _growing(file: InputFile, start: int, size: int) -> Iterator[bytes]:
    """As ``_plain``, where the first ``size`` bytes come in small steps: of a short member that is damaged
    little more than the member is read."""
    with file.open() as stream:
        stream.seek(start)
        step, left = _FIRST_BLOCK, size
        while block := stream.read(step):
            yield block
            left -= step
            step = min(size - left, left) if left > 0 else size


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
    given, most = 0, file.limits.expanded(file.size)
    for block in _decompressed(file, start, decoder_of(file)):
        given += len(block)
        if given > most:
            what = f"over {most} bytes in a compressed file of {file.size}: the rest is left out"
            raise DamagedFileError("too_costly", what, member=file.size, end=file.size)
        yield block


def _decompressed(file: InputFile, start: int, new: Decoder) -> Iterator[bytes]:
    """Decompresses all members (gzip), frames (zstd) or streams of a file from the one at ``start`` on."""
    decoder = None
    end = member = start
    for block in _growing(file, start, _COMPRESSED_BLOCK.get(file.suffix, 1 << 14)):
        end += len(block)
        while block:
            if decoder is None:
                decoder, member = new(), end - len(block)
            before = decoder.copy() if file.suffix == ".gz" else None
            try:
                yield from _in_steps(decoder, block)
            except _ERRORS as error:
                yield _until_damage(before, block)
                raise _damage(file, error, member, end) from None
            block = decoder.unused_data
            if decoder.eof:
                decoder = None
    if decoder is not None:
        kind = {".gz": "gzip", ".zst": "zstd"}.get(file.suffix, file.suffix[1:])
        raise DamagedFileError(
            f"truncated_{kind}",
            f"the file ends after {end} bytes, before its compressed data do",
            member=member,
            end=end,
        )


def _in_steps(decoder: Any, block: bytes) -> Iterator[bytes]:
    """What a block gives: bzip2 and xz at most ``BLOCK`` bytes at a time, of which 40 may stand for 45 MB."""
    if not isinstance(decoder, bz2.BZ2Decompressor | lzma.LZMADecompressor):
        yield decoder.decompress(block)
        return
    yield decoder.decompress(block, BLOCK)
    while not (decoder.eof or decoder.needs_input):
        yield decoder.decompress(b"", BLOCK)


def _damage(file: InputFile, error: Exception, member: int, end: int) -> DamagedFileError:
    if any(phrase in str(error) for phrase in _TOO_MUCH_MEMORY):
        most = file.limits.window
        detail = f"at byte {member}: a window of over {most} bytes, which the source's max_window forbids"
        return DamagedFileError("too_costly", detail, member=member, end=end)
    return DamagedFileError("corrupt_compression", str(error), member=member, end=end)
