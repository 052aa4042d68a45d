"""An index of the n-grams of known texts, to be looked for in others (see ``ngrams`` for what an n-gram
is)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from manifests.border.npy_files import mapped_array
from manifests.border.unsound_file import check
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.contamination.hash_table import insert, number_hashes
from pipeline.text.contamination.ngram_search import (
    ANCHOR,
    Tables,
    all_hits,
    first_hits,
    mark,
    owners_of,
    pass_over,
)
from pipeline.text.contamination.ngrams import LEAST, item_ngrams, item_seeds
from pipeline.text.contamination.script_fold import simplified_fold_table

FILTER_BITS = 4
MOST_UNITS = 1 << 16
"""In an n-gram, or in an item that is looked for as a whole."""
# A seed's share of the shortest window: shorter ones are tried at fewer places, and found at more of them by
# chance.
SEED = (3, 4)


@dataclass(frozen=True)
class NgramIndex:
    """The n-grams of known texts, to be looked for in others. ``searched``: uint64 [items], 1 for those that
    are looked for; the others are too short, or all template."""

    tables: Tables
    searched: np.ndarray

    def first_hits(self, texts: pa.Array) -> np.ndarray:
        """int64 [texts, 3]: item, first byte and end byte (in the buffer of ``text_buffers(texts)``) of each
        text's first hit, or -1."""
        offsets, data = text_buffers(texts)
        return np.asarray(first_hits(data, offsets, simplified_fold_table(), self.tables))

    def all_hits(self, texts: pa.Array) -> pa.ListArray:
        """list<uint64> [texts]: the distinct hashes of each text's hits."""
        offsets, data = text_buffers(texts)
        starts, hashes = all_hits(data, offsets, simplified_fold_table(), self.tables)
        rows = np.repeat(np.arange(len(texts)), np.diff(starts))
        order = np.lexsort((hashes, rows))
        rows, hashes = rows[order], hashes[order]
        new = np.ones(len(rows), bool)
        new[1:] = (rows[1:] != rows[:-1]) | (hashes[1:] != hashes[:-1])
        borders = np.concatenate(([0], np.cumsum(np.bincount(rows[new], minlength=len(texts)))))
        return pa.ListArray.from_arrays(pa.array(borders.astype(np.int32)), pa.array(hashes[new]))

    def items_of(self, hashes: np.ndarray) -> np.ndarray:
        """int64 [n-grams]: the first item that each n-gram is in."""
        return np.asarray(owners_of(self.tables.table, hashes))

    def pass_over(self, hashes: np.ndarray) -> None:
        """From now on these n-grams are not looked for."""
        pass_over(self.tables.table, hashes)

    def save(self, path: Path) -> None:
        """Writes one .npy file: a header of lengths, then the arrays one after another."""
        tables = self.tables
        lengths = [tables.table.shape[1], len(tables.short), len(self.searched)]
        header = np.array([*lengths, *tables.sizes, tables.anchor, tables.least, tables.seed], np.uint64)
        arrays = [
            header,
            tables.short.view(np.uint64),
            self.searched,
            tables.maybe,
            tables.seeds,
            tables.table.reshape(-1),
        ]
        form = {"descr": "<u8", "fortran_order": False, "shape": (sum(map(len, arrays)),)}
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, form)
            for array in arrays:
                array.tofile(file)

    @staticmethod
    def load(path: Path, mode: Literal["r", "r+"] = "r") -> NgramIndex:
        """Maps a saved index into memory, where all workers of a host share it. ``r+``: what is passed over
        is so in the file, too.

        Raises:
            UnsoundFileError: the file holds something else.
        """
        flat = np.asarray(mapped_array(path, "<u8", (None,), mode=mode))
        check(len(flat) >= 8, path, "is no index of n-grams")
        capacity, lengths, items, words, characters, anchor, least, seed = flat[:8].tolist()
        check(max(capacity, lengths, items) < len(flat), path, "is no index of n-grams")
        filter_ = capacity * FILTER_BITS // 64
        adds_up = lengths + items + 2 * filter_ + 2 * capacity == len(flat) - 8
        check(adds_up and capacity.bit_count() == 1 and filter_ > 0, path, "is no index of n-grams")
        short, searched, maybe, seeds, table = np.split(
            flat[8:], np.cumsum([lengths, items, filter_, filter_])
        )
        sizes = np.array([words, characters], np.int64)
        tables = Tables(
            table.reshape(2, capacity), maybe, seeds, sizes, short.view(np.int64), anchor, least, seed
        )
        _check_tables(path, tables, items)
        return NgramIndex(tables, searched)


def _check_tables(path: Path, tables: Tables, items: int) -> None:
    """A search ends in an empty cell, finds items that there are, and looks at units that there are."""
    hashes, owners = tables.table
    check(bool((hashes == 0).any()), path, "has a full table")
    known = (owners < items) | (owners == ANCHOR) | (hashes == 0)
    check(bool(known.all()), path, "has n-grams of items that it does not have")
    lengths = [*tables.sizes.tolist(), *tables.short.tolist(), tables.anchor, tables.least]
    check(all(0 < units <= MOST_UNITS for units in lengths), path, "has n-grams of no length")
    check(0 < tables.seed <= tables.least, path, "has seeds that are longer than n-grams")
    shortest = min(*tables.sizes.tolist(), *tables.short.tolist())
    check(tables.least <= shortest, path, "has n-grams that are shorter than the shortest")


def least_units(size: int) -> int:
    """The fewest units that are looked for, where an n-gram has ``size``: 8/13 of it, rounded up."""
    return -(-size * LEAST[0] // LEAST[1])


def build_index(
    texts: pa.Array, groups: np.ndarray, words: int, characters: int, common: int, common_share: float
) -> NgramIndex:
    """Indexes the n-grams of known texts but for those common to many of one group, which are templates and
    not content.

    Args:
        texts: string [items]. ``groups``: int64 [items], the benchmark of each.
        words, characters: units in an n-gram.
        common, common_share: an n-gram that occurs in more than ``common`` items of a group, and in more than
            this share of them, is left out.

    Memory: about 60 bytes an n-gram while building, 25 to 50 in the index.
    """
    offsets, data = text_buffers(texts)
    anchor = least_units(min(words, characters))
    hashes, owners, short = item_ngrams(data, offsets, simplified_fold_table(), words, characters, anchor)
    hashes, owners, searched = _without_common(hashes, owners, groups, common, common_share)
    lengths = short[:, 0].astype(np.int64)
    whole = np.unique(lengths[lengths > 0])
    least = min(words, characters, *whole.tolist())
    seed = -(-least * SEED[0] // SEED[1])
    capacity = 1 << max(6, int(1.5 * (len(hashes) + np.count_nonzero(lengths))).bit_length())
    table = np.zeros((2, capacity), np.uint64)
    maybe, seeds = np.zeros((2, capacity * FILTER_BITS // 64), np.uint64)
    anchors = np.unique(short[lengths > 0, 1])
    insert(table, hashes, owners.astype(np.uint64))
    insert(table, anchors, np.full(len(anchors), ANCHOR, np.uint64))
    mark(maybe, hashes)
    mark(maybe, anchors)
    mark(seeds, item_seeds(data, offsets, simplified_fold_table(), seed))
    return NgramIndex(
        Tables(table, maybe, seeds, np.array([words, characters], np.int64), whole, anchor, least, seed),
        searched,
    )


def _without_common(
    hashes: np.ndarray, owners: np.ndarray, groups: np.ndarray, common: int, common_share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each hash once, with its first item, and the items that have any; hashes common in any group are left
    out. ``owners`` ascend."""
    number, rows, items = number_hashes(hashes, owners)
    sizes = np.bincount(groups, minlength=1)
    limit = np.maximum(common, common_share * sizes)
    rare = np.ones(len(rows), bool)
    frequent = (items > limit.min())[number]
    of, item = np.divmod(np.unique(number[frequent] * np.int64(len(groups)) + owners[frequent]), len(groups))
    cells, counts = np.unique(of * len(sizes) + groups[item], return_counts=True)
    rare[cells[counts > limit[cells % len(sizes)]] // len(sizes)] = False
    searched = np.zeros(len(groups), np.uint64)
    searched[owners[rare[number]]] = 1
    return hashes[rows[rare]], owners[rows[rare]], searched
