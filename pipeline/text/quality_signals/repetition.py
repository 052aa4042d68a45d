"""How words repeat: alone, and in n-grams of two to ten, each n-gram looked up only where both its shorter
ones are repeated."""

from __future__ import annotations

from math import log

import numpy as np

from pipeline.text.arrow.kernel import kernel

TOP = (2, 3, 4)
DUPLICATE = (5, 6, 7, 8, 9, 10)
LONGEST_NGRAM = DUPLICATE[-1]

_MIX = np.uint64(0xBF58476D1CE4E5B9)
_1, _29, _31, _32 = (np.uint64(number) for number in (1, 29, 31, 32))
_SMALL = 1 << 12
_WEIGHT = np.array([0.0, *(n * log(n) for n in range(1, _SMALL))])
"""n log n: what a word that occurs n times takes from the entropy."""


def unit_scratch(units: int) -> tuple[np.ndarray, ...]:
    """Scratch memory for so many words or lines: ``keys`` uint64, the hash ``table``, and six int32
    arrays."""
    units += LONGEST_NGRAM
    return (
        np.empty(units, np.uint64),
        np.empty(1 << (2 * units).bit_length(), np.uint32),
        *(np.empty(units, np.uint32) for _ in range(6)),
    )


@kernel
def first_of(keys, number, table, firsts, counts):  # type: ignore[no-untyped-def]
    """Writes to ``firsts[k]`` where the key ``keys[k]`` first occurs, for k < ``number``, and to ``counts``
    there how often it does, 0 elsewhere; by open addressing in ``table``.

    Here and below there is no branch on whether a key is new: half are, so that no processor could predict
    it.
    """
    size = 4
    while size < 2 * number:
        size *= 2
    table[:size] = 0
    mask = np.uint64(size - 1)
    for k in range(number):
        counts[k] = 0
        key = keys[k]
        slot = (key ^ key >> _31) * _MIX >> _29 & mask
        entry = table[slot]
        while (entry != 0) & (keys[np.uint64(max(entry - 1, 0))] != key):
            slot = slot + _1 & mask
            entry = table[slot]
        entry = k + 1 if entry == 0 else entry
        table[slot] = entry
        firsts[k] = entry - 1
        counts[np.uint64(entry - 1)] += 1


@kernel
def tally_words(hashes, ends, plain, seams, scratch, out):  # type: ignore[no-untyped-def]
    """Distinct words, their entropy, and the n-grams.

    ``hashes`` [words]; ``ends`` [words + 1]: characters of all words before each one, and of all; ``plain``
    the same without titles (《》), which every mention repeats; ``seams`` bool [words]: those after which a
    line breaks within a sentence; ``scratch`` from ``unit_scratch``.
    """
    keys, table, names, firsts, counts, grams, places, depth = scratch
    words = hashes.size
    first_of(hashes, words, table, names, counts)
    distinct, weight = 0, 0.0
    for k in range(words):
        number = counts[k]
        distinct += number > 0
        out.equal_words += np.int64(number) * (np.int64(number) - 1)
        weight += _WEIGHT[number] if number < _SMALL else number * log(number)
        grams[k], places[k], depth[k] = names[k], k, counts[names[k]] > 1
    out.word_characters, out.distinct_words = ends[words], distinct
    if words:
        out.entropy = max(log(words) - weight / words, 0.0)
    depth[words] = 0
    number = words
    for n in range(2, LONGEST_NGRAM + 1):
        candidates = _candidates(n, number, names, grams, places, depth, keys)
        first_of(keys, candidates, table, firsts, counts)
        if n >= DUPLICATE[0]:
            out.duplicate[n - DUPLICATE[0]] = _duplicate(n, candidates, firsts, places, plain)
        if n == 2:
            _tally_equal(candidates, firsts, counts, out)
        number, top = _keep_repeated(n, candidates, firsts, counts, grams, places, depth, ends)
        if n == 2 and out.seams:
            _tally_pairs(places[:number], ends, seams, out)
        if n <= TOP[-1]:
            out.top[n - TOP[0]] = top


@kernel
def _tally_equal(candidates, firsts, counts, out):  # type: ignore[no-untyped-def]
    """Ordered choices of two pairs of words that are the same."""
    for j in range(candidates):
        out.equal_pairs += np.int64(counts[firsts[j]]) - 1


@kernel
def _tally_pairs(places, ends, seams, out):  # type: ignore[no-untyped-def]
    """Repeated pairs of words, and those across the end of a line; in Chinese, pairs of characters. Asked for
    only where a sentence goes on across the end of a line."""
    single = out.chinese != 0
    for k in places:
        if not single or ends[k + 2] - ends[k] == 2:
            out.repeated_pairs += 1
            out.repeated_seams += seams[k]
    for k in range(seams.size - 1):
        out.pairs += not single or ends[k + 2] - ends[k] == 2


@kernel
def _candidates(n, number, names, grams, places, depth, keys):  # type: ignore[no-untyped-def]
    """Keeps of the first ``number`` ``places`` those where two repeated (n-1)-grams begin in a row; returns
    how many, and their ``keys``.

    ``grams`` [words] name the (n-1)-gram that begins with a word, ``depth`` [words + 1] the longest repeated
    n-gram that does.
    """
    candidates = 0
    for j in range(number):
        k = places[j]
        keys[candidates] = np.uint64(grams[k]) << _32 | np.uint64(names[k + n - 1])
        places[candidates] = k
        candidates += (depth[k] == n - 1) & (depth[k + 1] == n - 1)
    return candidates


@kernel
def _keep_repeated(n, candidates, firsts, counts, grams, places, depth, ends):  # type: ignore[no-untyped-def]
    """Names the repeated ones among the candidates and moves their ``places`` to the front.

    Returns how many there are, and the characters in the most frequent n-gram (of several, the longest) if it
    is repeated.
    """
    repeated = top = 0
    for j in range(candidates):
        k, number = places[j], int(counts[firsts[j]])
        top = max(top, number << 32 | int(ends[k + n]) - int(ends[k]))
        grams[k], depth[k] = firsts[j], n * (number > 1)
        places[repeated] = k
        repeated += number > 1
    return repeated, (top >> 32) * (top & 0xFFFFFFFF) * (top >> 33 != 0)


@kernel
def _duplicate(n, candidates, firsts, places, ends):  # type: ignore[no-untyped-def]
    """Characters in the n-grams that stood before, none counted twice."""
    characters = covered = 0
    for j in range(candidates):
        if firsts[j] != j:
            begin, end = int(ends[places[j]]), int(ends[places[j] + n])
            characters += end - max(begin, covered)
            covered = end
    return characters
