"""Seeded pseudo-random keys of documents: what orders, draws and sets aside, whatever else is in the
corpus."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from manifests.splitmix64 import splitmix64

UInt64 = npt.NDArray[np.uint64]

ORDER, HELDOUT, WRITE, TEMPLATE, EXEMPLARS = 1, 2, 3, 4, 5
"""Uses of keys; each draws independently of the others."""


def keys(hashes: UInt64, seed: int, use: int, repeat: int | npt.NDArray[np.int64] = 0) -> UInt64:
    """A key, uniform over 64 bits, for each hash [n]; ``repeat`` tells the copies of one document apart."""
    salt = splitmix64(np.array([seed, use], np.int64).view(np.uint64))
    return splitmix64(
        splitmix64(hashes ^ salt[0]) ^ salt[1] ^ splitmix64(np.asarray(repeat, np.int64).astype(np.uint64))
    )


def spread(drawn: UInt64, repeat: npt.NDArray[np.int64], times: npt.NDArray[np.int64]) -> UInt64:
    """Places of the copies of documents, as far apart as they can be: copy ``repeat`` of ``times`` in the
    ``repeat``-th part of the order, where the document's own key says. All arrays [n], ``drawn`` the same for
    all copies of a document."""
    many = times.astype(np.uint64)
    return np.uint64(2**64 - 1) // many * repeat.astype(np.uint64) + drawn // many


def set_aside(hashes: UInt64, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which documents are held out: those whose key lies in the lowest ``share`` of all keys, or the lowest
    one if none does.

    A document's fate depends on nothing but its hash, except where the set would be empty. Those with the
    same hash, such as that of the document that they are pieces of, have one fate.
    """
    drawn = keys(hashes, seed, HELDOUT)
    held = drawn < np.uint64(min(int(share * 2.0**64), 2**64 - 1))
    if share and len(held) and not held.any():
        held = drawn == drawn.min()
    return held
