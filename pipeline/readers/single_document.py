"""A whole file in memory, as far as a limit."""

from __future__ import annotations

from pipeline.readers.charset import without_utf16
from pipeline.readers.compressed import DamagedFileError, blocks
from pipeline.readers.input_files import InputFile


def read_whole(file: InputFile, limit: int) -> tuple[bytes, int, str | None]:
    """The first ``limit`` bytes of a file (decompressed), how many it has, and its charset if that was UTF-16
    (they are UTF-8 then).

    Raises:
        DamagedFileError: with the bytes before the damage, at most ``limit``.
    """
    charset, stream = without_utf16(blocks(file))
    pieces: list[bytes] = []
    size = held = 0
    try:
        for block in stream:
            kept = block[: max(limit - held, 0)]
            pieces.append(kept)
            held += len(kept)
            size += len(block)
    except DamagedFileError as damage:
        raise DamagedFileError(damage.reason, str(damage), b"".join(pieces)) from None
    return b"".join(pieces), size, charset
