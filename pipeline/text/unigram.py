"""SentencePiece's unigram segmentation over Arrow buffers: the most probable pieces by Viterbi search (Kudo, arXiv 1804.10959).

It gives the ids that SentencePiece 0.2.3 gives for models with the identity normalisation: a space is put before each text, and U+2581, by
which a model writes a space, is one. Scores are float32 and brought back to 0 where it does so, since there the last digit decides
between equals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numba
import numpy as np

from pipeline.text.buffers import TextBuffers

SPACE = "▁"
CHECK, BASE, PIECE = 0, 1, 2
LOWEST = np.float32(-1e5)
"""Below it scores lose the digits that tell paths apart, and are lowered."""


class Pieces(NamedTuple):
    """A trie of pieces as a double array (Aoe 1989), and what stands in for a character that no piece covers.

    ``trie`` int32 [cells, 4]: the parent's cell, the base to which the next byte is added, the id of the piece that ends here or -1.
    ``scores`` float64 [cells]: of that piece. ``unknown``: the score of a character without a piece. ``bytes_`` int32 [256]: the pieces of
    the bytes that stand for such a character; where it is [0], ``unknown_id`` stands for a run of them. ``longest``: bytes of the largest
    piece, at least 4.
    """

    trie: np.ndarray
    scores: np.ndarray
    unknown: float
    unknown_id: int
    bytes_: np.ndarray
    longest: int


def build_pieces(scores: Mapping[str, tuple[int, float]], unknown: float, unknown_id: int, bytes_: list[int]) -> Pieces:
    """``scores``: id and score of each piece."""
    keys = sorted((piece.replace(SPACE, " ").encode(), *scores[piece]) for piece in scores)
    data = np.frombuffer(b"".join(key for key, _, _ in keys), np.uint8)
    ends = np.cumsum([0, *(len(key) for key, _, _ in keys)])
    ids = np.array([number for _, number, _ in keys], np.int32)
    trie, of_cell = _double_array(data, ends, ids, np.array([score for _, _, score in keys], np.float64))
    return Pieces(trie, of_cell, unknown, unknown_id, np.array(bytes_, np.int32), max(4, int(np.diff(ends).max())))


def segment(texts: TextBuffers, pieces: Pieces) -> tuple[np.ndarray, np.ndarray]:
    """Ids uint32 [tokens] of all texts, and where each begins: int64 [texts + 1]."""
    ids, begins = _segment(*texts, *pieces)
    return ids, begins


@numba.njit(cache=True, nogil=True)
def _double_array(data: np.ndarray, ends: np.ndarray, ids: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The trie of sorted, distinct keys that are not empty."""
    trie = np.full((max(4096, 4 * len(data)), 4), np.int32(-1))
    trie[0, CHECK] = 0
    numbers = np.zeros(len(trie), np.float64)
    # Nodes whose children are still to be placed: cell, depth, and the keys that begin with its bytes.
    todo = [(0, 0, 0, len(ids))]
    labels = np.empty(257, np.int64)
    starts = np.empty(257, np.int64)
    free, used = 1, 1
    while len(todo):
        cell, depth, first, last = todo.pop()
        if ends[first + 1] - ends[first] == depth:
            trie[cell, PIECE], numbers[cell] = ids[first], scores[first]
            first += 1
        count = 0
        for key in range(first, last):
            label = np.int64(data[ends[key] + depth])
            if count == 0 or labels[count - 1] != label:
                labels[count], starts[count], count = label, key, count + 1
        if count == 0:
            continue
        starts[count] = last
        while trie[free, CHECK] >= 0:
            free += 1
        base = max(1, free - labels[0])
        while True:
            fits = True
            for index in range(count):
                fits = fits and trie[base + labels[index], CHECK] < 0
            if fits:
                break
            base += 1
        trie[cell, BASE] = base
        for index in range(count):
            trie[base + labels[index], CHECK] = cell
            todo.append((base + labels[index], depth + 1, starts[index], starts[index + 1]))
        used = max(used, base + 256)
    return trie[: used + 1].copy(), numbers[: used + 1].copy()


@numba.njit(cache=True, nogil=True)
def _segment(
    offsets: np.ndarray,
    data: np.ndarray,
    trie: np.ndarray,
    scores: np.ndarray,
    unknown: float,
    unknown_id: int,
    bytes_: np.ndarray,
    longest: int,
) -> tuple[np.ndarray, np.ndarray]:
    room = 0
    for text in range(len(offsets) - 1):
        room = max(room, offsets[text + 1] - offsets[text])
    room += 5  # a space before, a place behind, and what a cut character would lack
    normal, best = np.empty(room, np.uint8), np.empty(room, np.float32)
    piece, start = np.empty(room, np.int32), np.empty(room, np.int32)
    found = np.empty(offsets[-1] - offsets[0] + 3 * len(offsets), np.uint32)
    begins = np.zeros(len(offsets), np.int64)
    for text in range(len(offsets) - 1):
        size = _normal(data[offsets[text] : offsets[text + 1]], normal)
        _search(normal[:size], trie, scores, unknown, unknown_id, longest, best, piece, start)
        begins[text + 1] = _trace(normal[:size], unknown_id, bytes_, piece, start, found, begins[text])
    return found[: begins[-1]].copy(), begins


@numba.njit(cache=True, nogil=True)
def _normal(text: np.ndarray, normal: np.ndarray) -> int:
    """Puts a space before a text that is not empty, and spaces for U+2581; returns the size."""
    if len(text) == 0:
        return 0
    normal[0] = ord(" ")
    size, at = 1, 0
    while at < len(text):
        if text[at] == 0xE2 and text[at + 1] == 0x96 and text[at + 2] == 0x81:
            normal[size] = ord(" ")
            at += 3
        else:
            normal[size] = text[at]
            at += 1
        size += 1
    return size


@numba.njit(cache=True, nogil=True)
def _search(
    text: np.ndarray,
    trie: np.ndarray,
    scores: np.ndarray,
    unknown: float,
    unknown_id: int,
    longest: int,
    best: np.ndarray,
    piece: np.ndarray,
    start: np.ndarray,
) -> None:
    """For every byte the best way to arrive there: its score, its last piece, and where that starts (-1: none)."""
    size = np.int64(len(text))
    best[0] = 0
    start[: size + 1] = -1
    at = np.int64(0)
    while at < size:
        lead = text[at]
        width = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        if best[at] < LOWEST:
            lower = best[at]
            for near in range(at, min(at + longest, size) + 1):
                best[near] -= lower
        so_far = np.float64(best[at])
        covered = False
        cell, end = np.int64(0), at
        while end < size:
            child = np.int64(trie[cell, BASE]) + np.int64(text[end])
            if trie[child, CHECK] != cell:
                break
            cell, end = child, end + 1
            if trie[cell, PIECE] >= 0:
                score = np.float32(so_far + scores[cell])
                if start[end] < 0 or score > best[end]:
                    best[end], start[end], piece[end] = score, at, trie[cell, PIECE]
                covered = covered or end - at == width
            if trie[cell, BASE] < 0:
                break
        if not covered:
            score = np.float32(so_far + unknown)
            if start[at + width] < 0 or score > best[at + width]:
                best[at + width], start[at + width], piece[at + width] = score, at, unknown_id
        at += width


@numba.njit(cache=True, nogil=True)
def _trace(
    text: np.ndarray, unknown_id: int, bytes_: np.ndarray, piece: np.ndarray, start: np.ndarray, found: np.ndarray, begin: int
) -> int:
    """Writes the ids of the best pieces from ``begin`` on; returns their end."""
    count, end = begin, len(text)
    was_unknown = False
    while end > 0:
        is_unknown = piece[end] == unknown_id
        if is_unknown and len(bytes_):
            for at in range(end - 1, start[end] - 1, -1):
                found[count], count = bytes_[text[at]], count + 1
        elif not (is_unknown and was_unknown):
            found[count], count = piece[end], count + 1
        was_unknown, end = is_unknown, start[end]
    found[begin:count] = found[begin:count][::-1].copy()
    return count
