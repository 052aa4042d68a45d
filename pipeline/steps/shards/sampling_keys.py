"""Seeded pseudo-random keys of documents: what orders, draws and sets aside, whatever else is in the
corpus."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

UInt64 = npt.NDArray[np.uint64]

ORDER, HELDOUT, WRITE = 1, 2, 3
"""Uses of keys; each draws independently of the others."""


def keys(hashes: UInt64, seed: int, use: int, repeat: int | npt.NDArray[np.int64] = 0) -> UInt64:
    """A key, uniform over 64 bits, for each hash [n]; ``repeat`` tells the copies of one document apart.

    The mixer is splitmix64's (Steele, Lea and Flood 2014).
    """
    salt = _mix(np.array([seed, use], np.int64).view(np.uint64))
    return _mix(_mix(hashes ^ salt[0]) ^ salt[1] ^ _mix(np.asarray(repeat, np.int64).astype(np.uint64)))


def _mix(values: UInt64) -> UInt64:
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)


def hash64(hashes: pa.FixedSizeBinaryArray) -> UInt64:
    """The first 8 bytes of each 16-byte hash, as a number."""
    data = (
        np.frombuffer(hashes.buffers()[1], "<u8").reshape(-1, 2)
        if len(hashes)
        else np.empty((0, 2), np.uint64)
    )
    return data[hashes.offset : hashes.offset + len(hashes), 0]


def set_aside(hashes: UInt64, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which documents are held out: those whose key lies in the lowest ``share`` of all keys, or the lowest
    one if none does.

    A document's fate depends on nothing but its hash, except where the set would be empty.
    """
    drawn = keys(hashes, seed, HELDOUT)
    held = drawn < np.uint64(min(int(share * 2.0**64), 2**64 - 1))
    if share and len(held) and not held.any():
        held[np.argmin(drawn)] = True
    return held
