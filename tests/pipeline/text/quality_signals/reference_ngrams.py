"""N-grams that repeat, in plain Python."""

from __future__ import annotations

from collections import Counter


def grams(words: list[tuple[int, ...]], n: int) -> list[tuple[tuple[int, ...], ...]]:
    return [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]


def top_ngram(words: list[tuple[int, ...]], n: int) -> int:
    """Characters in the most frequent n-gram, of several the longest; at most those of all words."""
    number, size = max(
        ((number, sum(map(len, gram))) for gram, number in Counter(grams(words, n)).items()), default=(0, 0)
    )
    return min(number * size, sum(map(len, words))) if number > 1 else 0


def duplicate_ngrams(words: list[tuple[int, ...]], titled: list[bool], n: int) -> int:
    """Characters in n-grams that stood before, none counted twice, and those in titles not at all."""
    seen, covered = set(), set[int]()
    for k, gram in enumerate(grams(words, n)):
        covered |= set(range(k, k + n)) if gram in seen else set()
        seen.add(gram)
    return sum(len(words[k]) for k in covered if not titled[k])
