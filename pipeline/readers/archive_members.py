"""The compressed members of an archive, each record of which is packed by itself: behind one that is damaged
the next is looked for, wherever it begins.

A file can be made in which every few bytes begin a member that is only found damaged far behind, or gives
thousands of bytes for each of its own: what is read again of it is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.readers.compressed import BLOCK, PROBE, DamagedFileError, begins_with, blocks, decoder_of
from pipeline.readers.input_files import InputFile

_MAGIC = {".gz": b"\x1f\x8b\x08", ".zst": b"\x28\xb5\x2f\xfd"}
# The next member is near in most files, and where all are damaged little may be read for each.
_FIRST_WINDOW = 1 << 12
_LONGEST_BLOCK = (1 << 17) + 64
_AGAIN, _AGAIN_FACTOR = 1 << 25, 4
"""Bytes of damaged members that are read again, and for each byte of the file."""


class Members:
    """Of one file; ``mark`` is what a record begins with."""

    def __init__(self, file: InputFile, mark: bytes) -> None:
        self._file, self._mark = file, mark
        self._left = file.limits.expanded(file.size)
        self._again = _AGAIN + _AGAIN_FACTOR * file.size

    def blocks(self, start: int) -> Iterator[bytes]:
        """The bytes of the file from the member at ``start`` on.

        Raises (from the iterator):
            DamagedFileError: a member is damaged; or with reason ``too_costly``: all members together give
                far more than the file can mean.
        """
        for block in blocks(self._file, start):
            self._left -= len(block)
            if self._left < 0 and self._file.suffix in _MAGIC:
                detail = f"over {self._file.limits.expanded(self._file.size)} bytes in {self._file.size}"
                raise DamagedFileError("too_costly", detail)
            yield block

    def behind(self, damage: DamagedFileError) -> int | None:
        """Where the next member begins that holds a record, behind the beginning of a damaged one; behind all
        that was read of it where too much was read again. None where there is none."""
        if self._left < 0 or self._file.suffix not in _MAGIC:
            return None
        self._again -= damage.end - damage.member
        return self._next(damage.member + 1 if self._again >= 0 else max(damage.end, damage.member + 1))

    def _next(self, position: int) -> int | None:
        magic, decoder, size = _MAGIC[self._file.suffix], decoder_of(self._file), _FIRST_WINDOW
        look = PROBE if self._file.suffix == ".gz" else _LONGEST_BLOCK
        with self._file.open() as data:
            while True:
                data.seek(position)
                window = data.read(size + look)
                at = window.find(magic, 0, size + len(magic) - 1)
                while at >= 0:
                    if begins_with(self._file, window[at : at + look], self._mark, decoder):
                        return position + at
                    at = window.find(magic, at + 1, size + len(magic) - 1)
                if len(window) <= size:
                    return None
                position, size = position + size, min(2 * size, BLOCK)
