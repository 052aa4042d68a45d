"""MinHash signatures (Broder 1997) and their LSH bands, with datasketch 2's own values for the same 32-bit
hashes.

Scheme affine32 of datasketch: the hash goes once through MurmurHash3's 32-bit finalizer, then permutation p
maps it to ``a[p] * h + b[p]`` modulo 2^32, ``a`` odd; the signature holds the minimum of each permutation.
``a`` and ``b`` are drawn as datasketch draws them, so signatures can be compared with sketches made elsewhere
by ``datasketch.MinHash(num_perm, seed)``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.similarity.one_permutation import BINS, lower_bins, seal
from pipeline.text.similarity.shingles import BLOCK, finalize, next_shingles
from pipeline.text.similarity.text_units import fold_table, is_cjk

EMPTY = 0xFFFFFFFF


def permutations(count: int, seed: int) -> np.ndarray:
    """datasketch's permutation parameters, uint32 [2, count]: multipliers, then summands."""
    draw = np.random.RandomState(seed)
    factors = draw.randint(0, 1 << 31, count, np.uint32) * np.uint32(2) + np.uint32(1)
    return np.stack([factors, draw.randint(0, 1 << 32, count, np.uint32)])


@kernel
def _lower(hashes: np.ndarray, count: int, parameters: np.ndarray, signature: np.ndarray) -> None:
    """Takes ``hashes[:count]`` into a signature, and leaves them finalized."""
    for index in range(count):
        value = hashes[index]
        value = np.uint32((value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        value = np.uint32((value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        hashes[index] = np.uint32(value ^ (value >> np.uint32(16)))
    # Permutations outside, hashes inside: a block of hashes stays in the first cache, the minimum in vector
    # registers.
    for permutation in range(signature.size):
        factor, summand = parameters[0, permutation], parameters[1, permutation]
        lowest = signature[permutation]
        for index in range(count):
            lowest = min(lowest, np.uint32(factor * hashes[index] + summand))
        signature[permutation] = lowest


@kernel
def sketch(hashes: np.ndarray, starts: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Signatures of given hash sets, as ``datasketch.MinHash.update_batch`` makes them.

    Args:
        hashes: uint32 [hashes]; set i is ``hashes[starts[i]:starts[i + 1]]``. ``starts``: int64 [sets + 1].
        parameters: from ``permutations``.

    Returns:
        uint32 [sets, permutations]; all ``EMPTY`` for an empty set.
    """
    signatures = np.full((starts.size - 1, parameters.shape[1]), np.uint32(EMPTY), np.uint32)
    block = np.empty(BLOCK, np.uint32)
    for row in range(starts.size - 1):
        for begin in range(starts[row], starts[row + 1], BLOCK):
            count = min(BLOCK, starts[row + 1] - begin)
            block[:count] = hashes[begin : begin + count]
            _lower(block, count, parameters, signatures[row])
    return signatures


@kernel
def _fingerprints(
    data: np.ndarray,
    offsets: np.ndarray,
    fold: np.ndarray,
    words: int,
    characters: int,
    parameters: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    rows = offsets.size - 1
    signatures, sketches = (
        np.full((rows, parameters.shape[1]), np.uint32(EMPTY), np.uint32),
        np.empty((rows, BINS), np.uint8),
    )
    capacity = BLOCK + max(words, characters)
    units, spans, block = (
        np.empty(capacity, np.uint64),
        np.empty((2, capacity), np.int64),
        np.empty(capacity, np.uint32),
    )
    minima = np.full(BINS, np.uint32(EMPTY), np.uint32)
    for row in range(rows):
        position, end, carried = offsets[row], offsets[row + 1], 0
        by_character = is_cjk(data, position, end, fold)
        size = characters if by_character else words
        while position < end:
            written, carried, position = next_shingles(
                data, position, end, fold, by_character, size, units, spans, carried, block
            )
            _lower(block, written, parameters, signatures[row])
            lower_bins(block, written, minima)
        seal(minima, sketches[row])
    return signatures, sketches


def fingerprints(
    texts: pa.Array, parameters: np.ndarray, words: int = 5, characters: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Both fingerprints of the shingle sets of texts, in one pass.

    Returns:
        signatures: uint32 [texts, permutations]; all ``EMPTY`` for a text without letters or digits.
        sketches: uint8 [texts, BINS] (``one_permutation``), of the hashes after the finalizer; all 0 for such
            a text.
    """
    offsets, data = text_buffers(texts)
    found, sketches = _fingerprints(data, offsets, fold_table(), words, characters, parameters)
    return found, sketches


def signatures(texts: pa.Array, parameters: np.ndarray, words: int = 5, characters: int = 5) -> np.ndarray:
    """The signatures alone."""
    return fingerprints(texts, parameters, words, characters)[0]


@kernel
def band_keys(signatures: np.ndarray, bands: int, rows: int) -> np.ndarray:
    """One key for each band of a signature (LSH: Leskovec et al., Mining of Massive Datasets, section 3.4).

    Returns:
        uint64 [signatures, bands]; equal where the band's ``rows`` values are equal, and different between
        bands.
    """
    keys = np.empty((signatures.shape[0], bands), np.uint64)
    for document in range(signatures.shape[0]):
        for band in range(bands):
            key = np.uint64(band + 1)
            for row in range(band * rows, (band + 1) * rows):
                key = finalize(key ^ np.uint64(signatures[document, row])) + np.uint64(row)
            keys[document, band] = key
    return keys
