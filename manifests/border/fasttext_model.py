"""fastText's model files, checked before the library reads them: it trusts every number in them, divides by
some and takes others for places (FastText::loadModel and what it calls, format 11 and 12)."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from manifests.border.regular_file import regular
from manifests.border.unsound_file import UnsoundFileError, need

MAGIC, VERSIONS, CLASSIFIER = 793712314, (11, 12), 3
_LOSSES = range(1, 5)
_MOST_DIMENSIONS, _MOST_NGRAMS, _CENTROIDS = 1 << 16, 64, 256
_BLOCK, _LARGEST = 1 << 20, 1e6
_MOST_COUNT = 10**14
"""Of a label: above it the tree of labels cannot be built."""


class _Args(NamedTuple):
    """As Args::save writes them."""

    dim: int
    ws: int
    epoch: int
    min_count: int
    neg: int
    word_ngrams: int
    loss: int
    model: int
    bucket: int
    minn: int
    maxn: int
    lr_update_rate: int
    t: float

    @property
    def buckets(self) -> int:
        """Rows of n-grams."""
        return self.bucket if self.maxn > 0 or self.word_ngrams > 1 else 0


class _Cursor:
    """Reads one number after another."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> tuple[Any, ...]:
        """Little-endian numbers, as ``struct`` calls them."""
        at = self.skip(struct.calcsize(f"<{form}"))
        return struct.unpack_from(f"<{form}", self.data, at)

    def skip(self, size: int) -> int:
        """Where so many bytes begin, which are gone over."""
        begin = self.at
        need(0 <= size <= len(self.data) - begin, "the file ends too early")
        self.at += size
        return begin


def check_classifier(path: Path) -> None:
    """Of a classifier (``train_supervised``), quantized or not.

    Raises:
        UnsoundFileError: the file is none, or a damaged one.
        FileNotFoundError: there is no file.
    """
    with regular(path).open("rb") as file:
        try:
            # Not closed by hand, as arrays are views of it.
            _check(_Cursor(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
        except (ValueError, struct.error) as error:
            raise UnsoundFileError(
                f"is not a fastText model ({error})", where=path, fix="name one that is"
            ) from None


def _check(cursor: _Cursor) -> None:
    magic, version = cursor.take("ii")
    need(magic == MAGIC and version in VERSIONS, "it does not begin as one")
    args = _Args(*cursor.take("12id"))
    if version == 11:
        args = args._replace(maxn=0)
    _check_args(args)
    words, labels, pruned = _dictionary(cursor)
    rows = _matrix(cursor, args.dim, bool(cursor.take("?")[0]))
    if pruned is None:
        need(rows >= words + args.buckets, "its input matrix has too few rows")
    else:
        need(bool((pruned >= 0).all() and (pruned < max(rows - words, 1)).all()), "an n-gram has no row")
        need(rows >= words, "its input matrix has too few rows")
    out = _matrix(cursor, args.dim, bool(cursor.take("?")[0]))
    need(out == labels, "its output matrix has not a row for each label")
    need(cursor.at == len(cursor.data), "the file goes on behind its end")


def _check_args(args: _Args) -> None:
    need(args.model == CLASSIFIER, "it is no classifier")
    need(args.loss in _LOSSES, f"its loss is {args.loss}")
    need(0 < args.dim <= _MOST_DIMENSIONS, f"it has {args.dim} dimensions")
    need(0 < args.word_ngrams <= _MOST_NGRAMS, f"it has n-grams of {args.word_ngrams} words")
    need(0 <= args.minn <= _MOST_NGRAMS and 0 <= args.maxn <= _MOST_NGRAMS, "it has n-grams of no length")
    need(args.buckets > 0 or not (args.maxn > 0 or args.word_ngrams > 1), "its n-grams have no rows")


def _dictionary(cursor: _Cursor) -> tuple[int, int, np.ndarray | None]:
    """Words, labels, and the rows of the n-grams that were kept (None: all were)."""
    size, words, labels, _, pruned = cursor.take("3i2q")
    need(words >= 0 and labels > 0 and size == words + labels, "its dictionary does not add up")
    need(size <= len(cursor.data), "its dictionary is longer than the file")
    before = _MOST_COUNT
    for number in range(size):
        end = cursor.data.find(b"\0", cursor.at)
        need(end >= 0, "a word has no end")
        cursor.at = end + 1
        count, kind = cursor.take("qb")
        need(kind == (number >= words), "a word is a label, or a label a word")
        if number >= words:
            need(0 <= count <= before, "its labels are not in the order of their counts")
            before = count
    if pruned < 0:
        return words, labels, None
    need(pruned <= len(cursor.data), "it has more n-grams than bytes")
    at = cursor.skip(8 * pruned)
    return words, labels, np.frombuffer(cursor.data, "<i4", 2 * pruned, at)[1::2].copy()


def _matrix(cursor: _Cursor, columns: int, quantized: bool) -> int:
    """The rows of a matrix."""
    with_norms = bool(cursor.take("?")[0]) if quantized else False
    rows, found = cursor.take("2q")
    need(found == columns and 0 <= rows <= len(cursor.data), "a matrix is of another width")
    if not quantized:
        _numbers(cursor, rows * columns)
        return int(rows)
    (size,) = cursor.take("i")
    cursor.skip(size)
    parts = _quantizer(cursor, columns)
    need(size == rows * parts, "a quantized matrix has not the codes of its rows")
    if with_norms:
        cursor.skip(rows)
        _quantizer(cursor, 1)
    return int(rows)


def _quantizer(cursor: _Cursor, columns: int) -> int:
    """The codes of a row."""
    dim, parts, width, last = cursor.take("4i")
    need(dim == columns and 0 < width <= dim, "a quantizer is of another width")
    need(parts == -(-dim // width) and last == dim - (parts - 1) * width, "a quantizer's parts do not add up")
    _numbers(cursor, dim * _CENTROIDS)
    return int(parts)


def _numbers(cursor: _Cursor, count: int) -> None:
    """Weights so small that no sum of their products is infinite, at which the library gives up."""
    begin = cursor.skip(4 * count)
    values = np.frombuffer(cursor.data, "<f4", count, begin)
    for first in range(0, count, _BLOCK):
        need(
            bool((np.abs(values[first : first + _BLOCK]) <= _LARGEST).all()),
            "it has weights beyond all bounds",
        )
