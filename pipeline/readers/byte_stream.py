"""A stream of blocks out of which so many bytes, or all up to a mark, are taken at a time."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.readers.compressed import DamagedFileError


class ByteStream:
    """``offset`` is that of the next byte; ``damage`` is what ended the stream, if it was not the file's
    end."""

    def __init__(self, blocks: Iterator[bytes], offset: int) -> None:
        self._blocks = blocks
        self._held = bytearray()
        self._position = 0
        self.offset = offset
        self.damage: DamagedFileError | None = None

    def go_on(self, blocks: Iterator[bytes]) -> None:
        """Other blocks after the damage."""
        self._blocks = blocks
        self.damage = None

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end."""
        self._fill(size)
        return bytes(self._held[self._position : self._position + size])

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end; they are then taken."""
        found = self.peek(size)
        self._advance(len(found))
        return found

    def holds(self, size: int) -> bool:
        """Whether ``size`` bytes are left; so many are held then."""
        return self._fill(size)

    def peek_behind(self, distance: int, size: int) -> bytes:
        """``size`` bytes that come after ``distance`` others, fewer at the end; all of them are held then."""
        self._fill(distance + size)
        first = self._position + distance
        return bytes(self._held[first : first + size])

    def skip(self, size: int) -> int:
        """Passes over at most ``size`` bytes, holding none of them; returns how many there were."""
        left = size
        while left and self._fill(1):
            step = min(left, len(self._held) - self._position)
            self._advance(step)
            left -= step
        return size - left

    def skip_any(self, characters: bytes) -> None:
        """Passes over the next bytes as far as they are among ``characters``."""
        while (byte := self.peek(1)) and byte in characters:
            self._advance(1)

    def take_to(self, mark: bytes, limit: int) -> tuple[bytes, int]:
        """The bytes before the next ``mark`` (all that there are, if there is none): the first ``limit`` of
        them, and how many."""
        found = bytearray()
        size = 0
        while True:
            at = self._held.find(mark, self._position)
            more = at < 0
            step = (at if not more else max(len(self._held) - len(mark) + 1, self._position)) - self._position
            if more and not self._fill(len(self._held) - self._position + 1):
                step = len(self._held) - self._position
                more = False
            found += self._held[self._position : self._position + min(step, max(limit - len(found), 0))]
            size += step
            self._advance(step)
            if not more:
                return bytes(found), size

    def _advance(self, size: int) -> None:
        self._position += size
        self.offset += size

    def _fill(self, size: int) -> bool:
        """Sees to it that ``size`` bytes are held; whether there are so many."""
        while len(self._held) - self._position < size:
            try:
                block = next(self._blocks, None)
            except DamagedFileError as damage:
                self.damage, block = damage, None
                self._blocks = iter(())
            if block is None:
                return False
            del self._held[: self._position]
            self._position = 0
            self._held += block
        return True
