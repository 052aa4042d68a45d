"""SentencePiece's unigram segmentation over Arrow buffers: the most probable pieces by Viterbi search (Kudo,
arXiv 1804.10959).

It gives the ids that SentencePiece 0.2.3 gives for models with the identity normalisation: a space is put
before each text, and U+2581, by which a model writes a space, is one. Scores are float32 and brought back to
0 where it does so, since there the last digit decides between equals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.utf8 import decode_at

SPACE = "▁"
CHECK, LINK = 0, 1
TRIES = 1024
"""Places that are looked at for the children of a cell, before they are put after all others."""
LOWEST = np.float32(-1e5)
"""Below it scores lose the digits that tell paths apart, and are lowered."""


class Pieces(NamedTuple):
    """A trie of pieces as a double array (Aoe 1989), and what stands in for a character that no piece covers.

    ``trie`` int32 [cells, 2]: the parent's cell; and twice the base to which the next byte is added, plus 1
    where a piece ends. ``ids``, ``sizes`` int32 [cells], ``scores`` float32 [cells], -inf without one: of
    that piece; cell 0 stands for a character that no piece covers.
    ``bytes_`` int32 [256]: the pieces of its bytes; where it is [0], the id of cell 0 stands for a run of
    them. ``longest``: bytes of the largest piece, at least 4.
    """

    trie: np.ndarray
    ids: np.ndarray
    sizes: np.ndarray
    scores: np.ndarray
    bytes_: np.ndarray
    longest: int


def build_pieces(
    scores: Mapping[str, tuple[int, float]], unknown: tuple[int, float], bytes_: list[int]
) -> Pieces:
    """``scores``: id and score of each piece; ``unknown``: those of a character without one."""
    keys = sorted((piece.replace(SPACE, " ").encode(), *scores[piece]) for piece in scores)
    data = np.frombuffer(b"".join(key for key, _, _ in keys), np.uint8)
    ends = np.cumsum([0, *(len(key) for key, _, _ in keys)])
    trie, key_of = _double_array(data, ends)
    cell = key_of + 1
    ids = np.array([unknown[0], *(number for _, number, _ in keys)], np.int32)[cell]
    sizes = np.array([0, *np.diff(ends)], np.int32)[cell]
    numbers = np.array([-np.inf, *(score for _, _, score in keys)], np.float32)[cell]
    numbers[0] = unknown[1]
    return Pieces(trie, ids, sizes, numbers, np.array(bytes_, np.int32), max(4, int(np.diff(ends).max())))


def segment(texts: TextBuffers, pieces: Pieces) -> tuple[np.ndarray, np.ndarray]:
    """Ids uint32 [tokens] of all texts, and where each begins: int64 [texts + 1]."""
    ids, begins = _segment(*texts, pieces)
    return ids, begins


@kernel
def _double_array(data: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The trie of sorted, distinct keys that are not empty, and the key int64 [cells] that ends in each cell,
    or -1."""
    trie = np.full((4 * len(data) + 4096, 2), np.int32(-1))
    key_of = np.full(len(trie), np.int64(-1))
    trie[0, CHECK] = 0
    # Nodes whose children are still to be placed: cell, depth, and the keys that begin with its bytes.
    todo = [(0, 0, 0, len(ends) - 1)]
    labels = np.empty(257, np.int64)
    starts = np.empty(257, np.int64)
    free, used = (
        257,
        257,
    )  # bases are at least 1, so that no byte could use the cells before; a leaf has base 0, where nothing is
    while len(todo):
        cell, depth, first, last = todo.pop()
        trie[cell, LINK] = 0
        if ends[first + 1] - ends[first] == depth:
            trie[cell, LINK], key_of[cell] = 1, first
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
        # After the last used cell everything fits; a look at free cells before it keeps the table small.
        base = used - labels[0]
        for early in range(free - labels[0], min(base, free - labels[0] + TRIES)):
            fits = True
            for index in range(count):
                fits = fits and trie[early + labels[index], CHECK] < 0
            if fits:
                base = early
                break
        if base + 512 > len(trie):
            trie = np.concatenate((trie, np.full((len(trie), 2), np.int32(-1))))
            key_of = np.concatenate((key_of, np.full(len(key_of), np.int64(-1))))
        trie[cell, LINK] += 2 * base
        for index in range(count):
            trie[base + labels[index], CHECK] = cell
            todo.append((base + labels[index], depth + 1, starts[index], starts[index + 1]))
        used = max(used, base + labels[count - 1] + 1)
    size = used + 256  # a base and any byte lie inside
    return trie[:size].copy(), key_of[:size].copy()


@kernel
def _segment(offsets: np.ndarray, data: np.ndarray, pieces: Pieces) -> tuple[np.ndarray, np.ndarray]:
    room = 0
    for text in range(len(offsets) - 1):
        room = max(room, offsets[text + 1] - offsets[text])
    room += 5  # a space before, a place after, and what a cut character would lack
    normal, best, last = np.empty(room, np.uint8), np.empty(room, np.float32), np.empty(room, np.int32)
    found = np.empty(offsets[-1] - offsets[0] + 3 * len(offsets), np.uint32)
    begins = np.zeros(len(offsets), np.int64)
    for text in range(len(offsets) - 1):
        size = normalize(data[offsets[text] : offsets[text + 1]], normal)
        begins[text + 1] = append_pieces(normal[:size], pieces, best, last, found, begins[text])
    return found[: begins[-1]].copy(), begins


@kernel_without_refcounts
def append_pieces(
    text: np.ndarray, pieces: Pieces, best: np.ndarray, last: np.ndarray, found: np.ndarray, begin: int
) -> int:
    """Writes the ids of the best pieces of a normalized text to ``found`` from ``begin`` on; returns their
    end. ``best`` float32 and ``last`` int32 [bytes + 5 or more] are scratch space."""
    if len(text) == 0:
        return begin
    _search(text, pieces.trie, pieces.scores, pieces.longest, best, last)
    return _trace(text, pieces.ids, pieces.sizes, pieces.bytes_, last, found, begin)  # type: ignore[no-any-return]


@kernel_without_refcounts
def normalize(text: np.ndarray, normal: np.ndarray) -> int:
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


@kernel_without_refcounts
def _search(
    text: np.ndarray, trie: np.ndarray, scores: np.ndarray, longest: int, best: np.ndarray, last: np.ndarray
) -> None:
    """For every byte the best way to arrive there: its score and the cell of its last piece.

    What a branch that goes either way costs is most of the work. So a cell is read by one load, and every
    cell on the way is taken for a
    piece: where none ends its score is -inf, and the store leaves what is there.
    """
    cells = trie.reshape(-1).view(np.uint64)
    one, half, check = np.uint64(1), np.uint64(32), np.uint64(0xFFFFFFFF)
    size, root = np.uint64(len(text)), cells[0] >> half
    best[: len(text) + 1] = -np.inf
    best[0] = 0
    at = np.uint64(0)
    while at < size:
        following = at + np.uint64(decode_at(text, at)[1])
        if best[at] < LOWEST:
            lower = best[at]
            for near in range(np.int64(at), min(np.int64(at) + longest, np.int64(len(text))) + 1):
                best[near] -= lower
        so_far, covered = best[at], np.uint64(0)
        cell, link, end = np.uint64(0), root, at
        while end < size:
            child = (link >> one) + np.uint64(text[end])
            packed = cells[child]
            if packed & check != cell:
                break
            cell, link, end = child, packed >> half, end + one
            score, before = so_far + scores[cell], best[end]
            better = score > before
            best[end] = score if better else before
            last[end] = np.int32(cell) if better else last[end]
            covered |= link & np.uint64(end == following)
        if covered == 0 and so_far + scores[0] > best[following]:
            best[following], last[following] = so_far + scores[0], 0
        at = following


@kernel_without_refcounts
def _trace(
    text: np.ndarray,
    ids: np.ndarray,
    sizes: np.ndarray,
    bytes_: np.ndarray,
    last: np.ndarray,
    found: np.ndarray,
    begin: int,
) -> int:
    """Writes the ids of the best pieces from ``begin`` on; returns their end."""
    count, end = begin, len(text)
    was_unknown = False
    while end > 0:
        cell = last[end]
        start = end - sizes[cell]
        if cell == 0:
            start -= 1
            while text[start] & 0xC0 == 0x80:
                start -= 1
        if cell == 0 and len(bytes_):
            for at in range(end - 1, start - 1, -1):
                found[count], count = bytes_[text[at]], count + 1
        elif not (cell == 0 and was_unknown):
            found[count], count = ids[cell], count + 1
        was_unknown, end = cell == 0, start
    low, high = begin, count - 1
    while low < high:
        found[low], found[high] = found[high], found[low]
        low, high = low + 1, high - 1
    return count
