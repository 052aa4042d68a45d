"""An n-gram model in memory: hash tables that are searched for many n-grams at once, and the one file that
holds them.

As KenLM's probing model (Heafield 2011, section 2.1); but an n-gram is found by the slot of its prefix (all
words but the last) and its last word, which is exact, where KenLM trusts a 64-bit hash of all its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from manifests.border.npy_files import mapped_array
from manifests.border.unsound_file import UnsoundFileError
from pipeline.models.perplexity.ngrams import SPECIAL
from pipeline.text.arrow.intrinsics import prefetch
from pipeline.text.arrow.kernel import inlined, kernel

LINE = 4
"""Slots on a cache line of 64 bytes: four keys, then their four packed numbers. A search compares the four at
once."""
SPARE = 1.75
"""Slots for each n-gram: few lines are full, so that few searches go on to the next line."""

BLOCK = 256
"""Searches under way at a time: so many cache lines stay near until they are looked at."""

UInt32 = npt.NDArray[np.uint32]
UInt64 = npt.NDArray[np.uint64]
Float32 = npt.NDArray[np.float32]


_AGAIN = "remove it and run the step again"


class BrokenModelError(UnsoundFileError):
    """A file that holds no n-gram model."""


@dataclass(frozen=True)
class NgramModel:
    """Probabilities and backoffs as logarithms to base 10.

    Attributes:
        word: uint64 [ids], the word of each token id; 0 (``<unk>``) where the model does not know it.
        unigrams: uint64 [words], the packed numbers (see ``pack``) of each word; 1 and 2 are ``<s>`` and
            ``</s>``.
        lines: uint64 [orders - 1], the sizes of the tables of the orders from 2 on.
        tables: uint64 [sum of lines, 8], one table an order after another, open addressing: keys ``slot of
            the prefix << 32 | last word + 1`` (0 where free), then packed numbers. The slot of a single word
            is its number.
    """

    word: UInt64
    unigrams: UInt64
    lines: UInt64
    tables: UInt64

    @staticmethod
    def load(path: Path) -> NgramModel:
        """Maps what ``ModelBuilder.save`` wrote into memory, where all workers of a host share it.

        Raises:
            BrokenModelError: the file holds something else.
            OSError: the file cannot be read.
        """
        try:
            flat = np.asarray(mapped_array(path, "<u8", (None,)))
            ids, words, orders = flat[:3].tolist()
            if ids + words + orders > len(flat) - 3:
                raise UnsoundFileError("its lengths are more than it has")
            word, unigrams, lines, rest = np.split(flat[3:], np.cumsum([ids, words, orders]))
            size = sum(lines.tolist())
            if size * 2 * LINE > len(rest):
                raise UnsoundFileError("its tables are larger than it is")
            model = NgramModel(
                word, unigrams, lines, rest[len(rest) - size * 2 * LINE :].reshape(size, 2 * LINE)
            )
            model.check()
            return model
        except (ValueError, IndexError) as error:
            what = error.what if isinstance(error, UnsoundFileError) else error
            raise BrokenModelError(f"holds no n-gram model ({what})", where=path, fix=_AGAIN) from None

    def check(self) -> None:
        """Every word has its numbers, and every table a free slot, where a search ends.

        Raises:
            UnsoundFileError: not so.
        """
        words = len(self.unigrams)
        if words < SPECIAL or int(self.word.max(initial=0)) >= words:
            raise UnsoundFileError("an id is of no word")
        end = 0
        for lines in self.lines.tolist():
            begin, end = end, end + lines
            if not 0 < lines < 1 << 30 or not _has_free_slot(self.tables[begin:end]):
                raise UnsoundFileError("a table is full")


def _has_free_slot(table: UInt64) -> bool:
    blocks = range(0, len(table), BLOCK)
    return any(bool((table[block : block + BLOCK, :LINE] == 0).any()) for block in blocks)


class ModelBuilder:
    """Takes the n-grams of one order after another, shortest first. Probabilities and backoffs are logarithms
    to base 10.

    Memory: ``16 * SPARE`` bytes an n-gram.
    """

    def __init__(self, ids: UInt32, probability: Float32, backoff: Float32) -> None:
        """Single words [ids + 3]: ``<unk>``, ``<s>``, ``</s>``, then ``ids[w - 3]`` for word w."""
        self.word = np.zeros(int(ids.max(initial=0)) + 1, np.uint64)
        self.word[ids] = np.arange(SPECIAL, SPECIAL + len(ids), dtype=np.uint64)
        self._unigrams = pack(probability, backoff)
        self._tables: list[UInt64] = []

    def begin(self, count: int) -> None:
        """The next order, of ``count`` n-grams."""
        self._tables.append(np.zeros((int(SPARE * count) // LINE + 1, 2 * LINE), np.uint64))

    def add(self, prefix: UInt32, word: UInt32, probability: Float32, backoff: Float32) -> UInt32:
        """The slots [n-grams] that n-grams of this order get; ``prefix``: the slots of their prefixes in the
        order below."""
        return np.asarray(_insert(self._tables[-1], prefix, word, pack(probability, backoff)))

    def find(self, words: UInt32) -> UInt32:
        """The slots of n-grams that were added: uint32 [n-grams, n] words -> uint32 [n-grams]."""
        slots = np.ascontiguousarray(words[:, 0])
        for table, last in zip(self._tables, words.T[1:], strict=False):
            slots = np.asarray(_find(table, slots, last))
        return slots

    def save(self, path: Path) -> None:
        """Writes one .npy file: a header of lengths, then the arrays of ``NgramModel`` one after another."""
        lines = np.array([len(table) for table in self._tables], np.uint64)
        header = np.array([len(self.word), len(self._unigrams), len(lines)], np.uint64)
        small = np.concatenate([header, self.word, self._unigrams, lines])
        small = np.pad(small, (0, -len(small) % (2 * LINE)))  # the tables begin on a cache line
        with path.open("wb") as file:
            shape = (len(small) + 2 * LINE * int(lines.sum()),)
            np.lib.format.write_array_header_1_0(
                file, {"descr": "<u8", "fortran_order": False, "shape": shape}
            )
            for array in (small, *self._tables):
                array.tofile(file)


def pack(probability: Float32, backoff: Float32) -> UInt64:
    """Two float32 [n] side by side in a uint64 [n], the probability in its low half."""
    return np.stack([probability, backoff], axis=1).astype("<f4").view("<u8")[:, 0]


@inlined
def ngram_key(prefix: np.uint32, word: np.uint32) -> np.uint64:
    """Never 0, which marks a free slot."""
    return np.uint64(prefix) << np.uint64(32) | np.uint64(word) + np.uint64(1)


@inlined
def first_line(key: np.uint64, lines: np.uint64) -> np.uint64:
    """Where the search for a key begins in a table."""
    mixed = key * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return ((mixed >> np.uint64(32)) * lines) >> np.uint64(32)


@kernel
def search(table: np.ndarray, key: np.uint64) -> np.int64:
    """The slot of a key, or the free one where it belongs."""
    line = np.int64(first_line(key, np.uint64(len(table))))
    while True:
        for place in range(LINE):
            if table[line, place] == key or table[line, place] == 0:
                return LINE * line + place
        line = np.int64(line + 1 if line + 1 < len(table) else 0)


@kernel
def _insert(table: np.ndarray, prefix: np.ndarray, word: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    slots = np.empty(len(word), np.uint32)
    for block in range(0, len(word), BLOCK):
        rows = range(block, min(block + BLOCK, len(word)))
        for row in rows:
            prefetch(table, first_line(ngram_key(prefix[row], word[row]), np.uint64(len(table))))
        for row in rows:
            key = ngram_key(prefix[row], word[row])
            slot = search(table, key)
            line, place = slot // LINE, slot % LINE
            table[line, place], table[line, LINE + place], slots[row] = key, numbers[row], slot
    return slots


@kernel
def _find(table: np.ndarray, prefix: np.ndarray, word: np.ndarray) -> np.ndarray:
    slots = np.empty(len(word), np.uint32)
    for row in range(len(word)):
        slots[row] = search(table, ngram_key(prefix[row], word[row]))
    return slots
