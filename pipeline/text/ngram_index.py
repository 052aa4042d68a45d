"""An index of the n-grams of known texts, to be looked for in others (see ``ngrams`` for what an n-gram is)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.text.buffers import text_buffers
from pipeline.text.ngrams import ANCHOR, LEAST, first_hits, insert, item_ngrams
from pipeline.text.units import fold_table

FILTER_BITS = 4


@dataclass(frozen=True)
class NgramIndex:
    """The n-grams of known texts.

    Attributes:
        table: uint64 [2, capacity], open addressing, at most half full: hashes, and the number of the (first) item each stands in.
        maybe: uint64 [capacity / 16], a bit for each hash, which spares most look-ups in the table.
        sizes: int64 [2], units in an n-gram of words and of CJK characters.
        short: int64 [lengths], the lengths of the items that are looked for as a whole.
    """

    table: np.ndarray
    maybe: np.ndarray
    sizes: np.ndarray
    short: np.ndarray

    def first_hits(self, texts: pa.Array) -> np.ndarray:
        """int64 [texts, 3]: item, first byte and end byte (in the buffer of ``text_buffers(texts)``) of each text's first hit, or -1."""
        offsets, data = text_buffers(texts)
        anchor = least_units(int(self.sizes.min()))
        return np.asarray(first_hits(data, offsets, fold_table(), self.table, self.maybe, self.sizes, self.short, anchor))

    def save(self, path: Path) -> None:
        """Writes one .npy file: a header of lengths, then the arrays one after another."""
        header = np.array([self.table.shape[1], len(self.short), *self.sizes], np.uint64)
        with path.open("wb") as file:
            np.save(file, np.concatenate([header, self.short.view(np.uint64), self.maybe, self.table.reshape(-1)]), allow_pickle=False)

    @staticmethod
    def load(path: Path) -> NgramIndex:
        """Maps a saved index into memory, where all workers of a host share it."""
        flat = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        capacity, lengths = int(flat[0]), int(flat[1])
        short, maybe, table = np.split(flat[4:], [lengths, lengths + capacity * FILTER_BITS // 64])
        return NgramIndex(table.reshape(2, capacity), maybe, flat[2:4].view(np.int64), short.view(np.int64))


def least_units(size: int) -> int:
    """The fewest units that are looked for, where an n-gram has ``size``: 8/13 of it, rounded up."""
    return -(-size * LEAST[0] // LEAST[1])


def build_index(texts: pa.Array, groups: np.ndarray, words: int, characters: int, common: int, common_share: float) -> NgramIndex:
    """Indexes the n-grams of known texts but for those common to many of one group, which are templates and not content.

    Args:
        texts: string [items]. ``groups``: int64 [items], the benchmark of each.
        words, characters: units in an n-gram.
        common, common_share: an n-gram that stands in more than ``common`` items of a group, and in more than this share of them, is
            left out.

    Memory: about 60 bytes an n-gram while building, 33 to 66 in the index.
    """
    offsets, data = text_buffers(texts)
    anchor = least_units(min(words, characters))
    hashes, owners, short = item_ngrams(data, offsets, fold_table(), words, characters, anchor)
    hashes, owners = _without_common(hashes, owners, groups, common, common_share)
    lengths = short[:, 0]
    capacity = 1 << max(6, int(2 * (len(hashes) + np.count_nonzero(lengths))).bit_length())
    table, maybe = np.zeros((2, capacity), np.uint64), np.zeros(capacity * FILTER_BITS // 64, np.uint64)
    insert(table, maybe, hashes, owners.astype(np.uint64))
    anchors = np.unique(short[lengths > 0, 1])
    insert(table, maybe, anchors, np.full(len(anchors), ANCHOR, np.uint64))
    return NgramIndex(table, maybe, np.array([words, characters], np.int64), np.unique(lengths[lengths > 0]).astype(np.int64))


def _without_common(
    hashes: np.ndarray, owners: np.ndarray, groups: np.ndarray, common: int, common_share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Each hash once, with its first item; those common in any group are left out."""
    order = np.lexsort((owners, hashes))
    hashes, owners = hashes[order], owners[order]
    fresh = np.ones(len(hashes), bool)
    fresh[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    hashes, owners = hashes[fresh], owners[fresh]
    first = np.ones(len(hashes), bool)
    first[1:] = hashes[1:] != hashes[:-1]
    number, sizes = np.cumsum(first) - 1, np.bincount(groups, minlength=1)
    cells, counts = np.unique(number * len(sizes) + groups[owners], return_counts=True)
    limit = np.maximum(common, common_share * sizes)
    banned = np.unique(cells[counts > limit[cells % len(sizes)]] // len(sizes))
    keep = first & ~np.isin(number, banned)
    return hashes[keep], owners[keep]
