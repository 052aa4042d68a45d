"""KenLM's tries: n-grams of an order side by side in as few bits as they need, each with the place where
those that begin with it begin in the next order. Every place has to be inside, and none before the one ahead
of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

QUANTIZED, ARRAY = 1, 2
_BLOCK = 1 << 20
_QUANTIZED_VERSION, _ARRAY_VERSION, _MOST_BITS = 2, 0, 25
_UNIGRAM = 16
"""Bytes: probability, backoff, and a place."""


@dataclass(frozen=True)
class TrieForm:
    """N-grams of each order, whether their weights are quantized, and whether the upper bits of places are
    told by an array (Raj and Whittaker 2003)."""

    counts: tuple[int, ...]
    quantized: bool
    array: bool


class Trie:
    """A file's bytes uint8 [bytes], and where its words begin."""

    def __init__(self, data: Any, begin: int, form: TrieForm) -> None:
        self._data, self._at, self._form = data, begin, form

    def check(self) -> None:
        """Raises:
        ValueError: a place leads out of its order, or the file ends too early.
        """
        counts = self._form.counts
        words = self._words()
        middle, longest = self._weights()
        unigrams = self._take(_UNIGRAM * (counts[0] + 2))
        places = unigrams.reshape(-1, _UNIGRAM)[: words + 2, 8:]
        _check_ascending([np.ascontiguousarray(places).view("<u8")[:, 0]], counts[1])
        chop = self._chop_limit() if self._form.array and len(counts) > 2 else 0
        for count, following in pairwise(counts[1:]):
            self._check_order(count, following, middle, chop)
        self._take(_packed(counts[-1], counts[0].bit_length() + longest))

    def _take(self, size: int) -> Any:
        begin, self._at = self._at, self._at + size
        if size < 0 or self._at > len(self._data):
            raise ValueError("it ends too early")
        return self._data[begin : self._at]

    def _words(self) -> int:
        """Words beside the unknown one."""
        count = self._form.counts[0]
        words = int(self._take(8 + 8 * count)[:8].view("<u8")[0])
        if words > count:
            raise ValueError("it has words without numbers")
        return words

    def _weights(self) -> tuple[int, int]:
        """Bits of the weights in the orders between, and in the last one."""
        if not self._form.quantized:
            return 63, 31
        version, probability, backoff = (int(one) for one in self._data[self._at : self._at + 3])
        bits = range(1, _MOST_BITS + 1)
        if version != _QUANTIZED_VERSION or probability not in bits or backoff not in bits:
            raise ValueError("its weights are quantized as no version does")
        orders = len(self._form.counts) - 2
        self._take(8 + 4 * (orders * ((1 << probability) + (1 << backoff)) + (1 << probability)))
        return probability + backoff, probability

    def _chop_limit(self) -> int:
        version, bits = (int(one) for one in self._data[self._at : self._at + 2])
        if version != _ARRAY_VERSION:
            raise ValueError("its places are compressed as no version does")
        return bits

    def _check_order(self, count: int, following: int, weights: int, limit: int) -> None:
        required, upper = following.bit_length(), None
        inline = required
        if self._form.array:
            inline = required - _chopped(count + 1, following, limit)
            size = (following >> inline) + 1
            shift = -self._at % 8 + 8
            table = self._take(8 * (1 + size) + 7)[shift : shift + 8 * size]
            upper = np.ascontiguousarray(table).view("<u8")
            if upper[0] != 0 or not (upper[1:] >= upper[:-1]).all():
                raise ValueError("the array of its places is not in order")
        word = self._form.counts[0].bit_length()
        data = self._take(_packed(count, word + weights + inline))
        _check_ascending(_places(data, count + 1, word + weights, inline, upper), following)


def _packed(entries: int, bits: int) -> int:
    """Bytes of an order, with one more entry for where the last one ends."""
    return ((1 + entries) * bits + 7) // 8 + 8


def _chopped(offsets: int, following: int, limit: int) -> int:
    """How many upper bits the array stands for: as many as make it smallest."""
    required = following.bit_length()
    sizes = [
        (following >> (required - chop)) * 64 - offsets * chop for chop in range(min(required, limit) + 1)
    ]
    return sizes.index(min(sizes))


def _places(
    data: Any, entries: int, before: int, bits: int, upper: np.ndarray | None
) -> Iterator[np.ndarray]:
    """uint64 of every entry: ``bits`` after ``before`` others, and those of the array above them."""
    loads = np.ndarray((len(data) - 7,), "<u8", buffer=np.ascontiguousarray(data), strides=(1,))
    mask = np.uint64((1 << bits) - 1)
    for first in range(0, entries, _BLOCK):
        index = np.arange(first, min(first + _BLOCK, entries), dtype=np.uint64)
        at = index * np.uint64(before + bits) + np.uint64(before)
        low = (loads[at >> np.uint64(3)] >> (at & np.uint64(7))) & mask
        if upper is None:
            yield low
        else:
            high = np.searchsorted(upper, index, side="right").astype(np.uint64) - np.uint64(1)
            yield high << np.uint64(bits) | low


def _check_ascending(blocks: Any, most: int) -> None:
    before = 0
    for block in blocks:
        inside = int(block[0]) >= before and int(block[-1]) <= most and bool((block[1:] >= block[:-1]).all())
        if not inside:
            raise ValueError("its n-grams lead out of their order")
        before = int(block[-1])
