"""What may be wrong with a file: seven ways to change its bytes, each by a seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

EXTREMES = (0, 1, -1, 127, 255, 1 << 15, 1 << 16, (1 << 31) - 1, -(1 << 31), 1 << 32, 1 << 40, (1 << 63) - 1)
_EDGE = 512
"""Headers and footers are this long, about."""

Mutation = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def truncate(data: bytes, draw: random.Random, others: Sequence[bytes]) -> bytes:
    """Without its end."""
    return data[: draw.randrange(len(data))]


def flip_bits(data: bytes, draw: random.Random, others: Sequence[bytes]) -> bytes:
    """One to eight bits are other ones."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        changed[_place(len(data), draw)] ^= 1 << draw.randrange(8)
    return bytes(changed)


def splice(data: bytes, draw: random.Random, others: Sequence[bytes]) -> bytes:
    """A stretch is one of another file, or of another place."""
    other = draw.choice(others)
    begin = draw.randrange(len(other))
    part = other[begin : begin + draw.randint(1, 200)]
    at = draw.randrange(len(data))
    return data[:at] + part + data[at + draw.choice((0, len(part))) :]


def overwrite_integer(data: bytes, draw: random.Random, others: Sequence[bytes]) -> bytes:
    """A number of two, four or eight bytes is an extreme one."""
    form, size = draw.choice((("<H", 2), ("<I", 4), ("<Q", 8)))
    at = min(_place(len(data), draw) // size * size, max(len(data) - size, 0))
    value = draw.choice(EXTREMES) % (1 << 8 * size)
    return data[:at] + struct.pack(form, value) + data[at + size :]


def swap_sections(data: bytes, draw: random.Random, others: Sequence[bytes]) -> bytes:
    """Two neighbouring stretches change places."""
    a, b, c = sorted(draw.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def extend(data: bytes, draw: random.Random, others: Sequence[bytes]) -> bytes:
    """Something follows: noise, or the same once more."""
    return data + (draw.randbytes(draw.randint(1, 300)) if draw.random() < 0.7 else data)


def zero(data: bytes, draw: random.Random, others: Sequence[bytes]) -> bytes:
    """A stretch is zeros."""
    at = _place(len(data), draw)
    size = draw.choice((1, 4, 8, 64))
    return data[:at] + bytes(len(data[at : at + size])) + data[at + size :]


MUTATIONS: tuple[Mutation, ...] = (
    truncate,
    flip_bits,
    splice,
    overwrite_integer,
    swap_sections,
    extend,
    zero,
)


def mutated(data: bytes, others: Sequence[bytes], seed: int) -> tuple[str, bytes]:
    """The name of a way, and the file changed by it, or by it and another one."""
    draw = random.Random(seed)
    way = draw.choice(MUTATIONS)
    changed = way(data, draw, others)
    if changed and draw.random() < 0.25:
        changed = draw.choice(MUTATIONS)(changed, draw, others)
    return way.__name__, changed


def _place(size: int, draw: random.Random) -> int:
    """Mostly near the beginning or the end, where what tells of the rest is."""
    if size <= 2 * _EDGE or draw.random() < 0.3:
        return draw.randrange(size)
    near = draw.randrange(_EDGE)
    return near if draw.random() < 0.5 else size - 1 - near
