"""KenLM's model files, checked before the library maps them: it follows every number in a binary one (format
version 5, Heafield 2011), and asks for the memory that the first lines of an ARPA file tell."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from manifests.border.kenlm_trie import ARRAY, QUANTIZED, Trie, TrieForm
from manifests.border.regular_file import regular
from manifests.border.unsound_file import UnsoundFileError, need

_MAGIC = b"mmap lm http://kheafield.com/code format version 5\n\0".ljust(56, b"\0")
SANITY = _MAGIC + struct.pack("<3f3IQ", 0.0, 1.0, -0.5, 1, 0xFFFFFFFF, 0, 1)
_FIXED = struct.Struct("<B3xfi?3xI")
_PROBING, _REST, _TRIE = 0, 1, range(2, 6)
_ORDERS = range(2, 7)
_SLOT = 12
_COUNT = re.compile(rb"^ngram \d+=(\d+)\s*$", re.MULTILINE)
_HEAD = 1 << 16
_SHORTEST_LINE = 4
_PACKED = 100
"""Bytes of text in one of a compressed file, at most."""
_COMPRESSED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_BLOCK = 1 << 20


def check_kenlm(path: Path) -> None:
    """Of an ARPA file, compressed or not, or a binary one.

    Raises:
        UnsoundFileError: the file is neither, or a damaged one.
        FileNotFoundError: there is no file.
    """
    size = regular(path).stat().st_size
    try:
        with path.open("rb") as file:
            head = file.read(len(SANITY))
        if head.startswith(_MAGIC[:40]):
            _check_binary(path, head, size)
        else:
            _check_arpa(path, head, size)
    except (ValueError, EOFError, OSError, struct.error, lzma.LZMAError, zlib.error) as error:
        if isinstance(error, FileNotFoundError):
            raise
        said = " ".join(str(error).split())
        raise UnsoundFileError(
            f"is no KenLM model ({said})", where=path, fix="give an ARPA or binary file"
        ) from None


def _check_arpa(path: Path, head: bytes, size: int) -> None:
    opened = next((how for magic, how in _COMPRESSED.items() if head.startswith(magic)), None)
    with (opened or open)(path, "rb") as file:
        counts = [int(count[:20]) for count in _COUNT.findall(file.read(_HEAD))]
    most = size * (_PACKED if opened else 1) // _SHORTEST_LINE
    need(bool(counts), "it does not begin as one")
    need(sum(counts) <= most, f"it tells of {sum(counts)} n-grams, which {size} bytes do not hold")


def _check_binary(path: Path, head: bytes, size: int) -> None:
    need(head == SANITY, "it is a binary file of another version")
    data = np.memmap(path, np.uint8, "r")
    order, multiplier, kind, _, version = _FIXED.unpack(data[len(SANITY) :][: _FIXED.size].tobytes())
    need(order in _ORDERS, f"it is of order {order}")
    at = len(SANITY) + _FIXED.size
    counts = struct.unpack(f"<{order}Q", data[at : at + 8 * order].tobytes())
    need(max(counts) <= size and counts[0] < 1 << 31, "it tells of more n-grams than it has bytes")
    begin = -(-(at + 8 * order) // 8) * 8
    need(kind in (_PROBING, _REST, *_TRIE) and version == (kind in _TRIE), f"it is of type {kind}")
    if kind in _TRIE:
        form = TrieForm(counts, bool((kind - 2) & QUANTIZED), bool((kind - 2) & ARRAY))
        Trie(data, begin, form).check()
    else:
        need(1.0 <= multiplier <= 100.0, f"its tables are {multiplier} times as large as they need be")
        _check_tables(data, begin, counts, np.float32(multiplier), kind)


def _check_tables(data: Any, begin: int, counts: tuple[int, ...], multiplier: np.float32, kind: int) -> None:
    """Of words and of each order from 2 on: open addressing, a key of eight bytes first, 0 where free."""
    slots = [_slots(count, multiplier) for count in counts]
    weights = 8 if kind == _PROBING else 12
    end = begin + 8 + _SLOT * slots[0]
    need(end <= len(data), "it ends too early")
    words = data[begin + 8 : end].reshape(-1, _SLOT)
    _check_free(words)
    numbers = np.ascontiguousarray(words[:, 8:]).view("<u4")
    need(int(numbers.max(initial=0)) <= counts[0], "it has words without numbers")
    at = end + (counts[0] + 1) * weights
    for order, number in enumerate(slots[1:], 2):
        width = _SLOT if order == len(counts) else 8 + weights
        need(at + width * number <= len(data), "it ends too early")
        _check_free(data[at : at + width * number].reshape(-1, width))
        at += width * number


def _slots(count: int, multiplier: np.float32) -> int:
    return max(count + 1, int(multiplier * np.float32(count)))


def _check_free(table: np.ndarray) -> None:
    blocks = range(0, len(table), _BLOCK)
    free = any(bool((table[block : block + _BLOCK, :8] == 0).all(axis=1).any()) for block in blocks)
    need(free, "one of its tables is full, so that a search would not end")
