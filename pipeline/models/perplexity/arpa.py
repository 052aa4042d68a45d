"""Reading ARPA files over token ids, as lmplz writes them, into the form of ``model``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.models.perplexity.ngram_model import BrokenModelError, ModelBuilder
from pipeline.models.perplexity.ngrams import SPECIAL
from pipeline.text.arrow.kernel import kernel

_COUNT = re.compile(rb"^ngram \d+=(\d+)$", re.MULTILINE)
_HEADER = 1000
LINES = 1_000_000

Bytes = npt.NDArray[np.uint8]
Names = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float32]


def read(path: Path) -> ModelBuilder:
    """A model whose words are token ids as decimal numbers.

    Memory: the model's tables; of the file, which is mapped, ``LINES`` lines are held at a time.

    Raises:
        BrokenModelError: the file is not ARPA, or ends too early.
    """
    data = np.memmap(path, np.uint8, "r")
    counts = [int(count) for count in _COUNT.findall(data[:_HEADER].tobytes())]
    if not counts or counts[0] < SPECIAL:
        raise BrokenModelError("is no ARPA file", where=path)
    names, numbers, place = _lines(path, data, _section(data, _section(data, 0)), 1, counts[0])
    sequence = np.argsort(names[:, 0], kind="stable")  # </s>, <s>, <unk>, then the ids
    sequence[:SPECIAL] = sequence[:SPECIAL][::-1].copy()
    builder = ModelBuilder(names[sequence[SPECIAL:], 0].astype(np.uint32), *numbers[sequence].T)
    for order, count in enumerate(counts[1:], 2):
        place = _section(data, place)
        builder.begin(count)
        for done in range(0, count, LINES):
            names, numbers, place = _lines(path, data, place, order, min(LINES, count - done))
            if names.max() >= len(builder.word):
                what = f"the {order}-grams have the word {names.max()}, which the 1-grams have not"
                raise BrokenModelError(what, where=path)
            words = np.where(names < 0, -1 - names, builder.word[np.maximum(names, 0)]).astype(np.uint32)
            builder.add(builder.find(words[:, :-1]), words[:, -1], *numbers.T)
    return builder


def _lines(path: Path, data: Bytes, place: int, order: int, count: int) -> tuple[Names, Numbers, int]:
    """Names of words [n-grams, order], probabilities and backoffs [n-grams, 2], and the place after them."""
    names, numbers = np.empty((count, order), np.int64), np.empty((count, 2), np.float32)
    place = _parse(data, place, names, numbers)
    if place < 0:
        what = f"the {order}-grams are not as many as it says, or not lines of numbers and token ids"
        raise BrokenModelError(what, where=path)
    return names, numbers, place


@kernel
def _section(data: Bytes, place: int) -> int:
    """After the next line that begins with a backslash."""
    while place < len(data) and data[place] != ord("\\"):
        place += 1
    while place < len(data) and data[place] != ord("\n"):
        place += 1
    return place + 1


@kernel
def _parse(data: Bytes, place: int, names: Names, numbers: Numbers) -> int:
    """Reads lines ``log10 probability TAB words [TAB log10 backoff]``.

    Args:
        names: [n-grams, n], filled with ids; -1, -2 and -3 for ``<unk>``, ``<s>`` and ``</s>``.
        numbers: [n-grams, 2], filled with probability and backoff (0 where there is none).

    Returns:
        The place after the lines; -1 where one of them is not of this form.
    """
    for row in range(names.shape[0]):
        numbers[row, 0], place = _decimal(data, place)
        for column in range(names.shape[1]):
            names[row, column], place = _name(data, place + 1)
        numbers[row, 1] = 0
        if place < len(data) and data[place] == ord("\t"):
            numbers[row, 1], place = _decimal(data, place + 1)
        if place >= len(data) or data[place] != ord("\n"):
            return -1
        place += 1
    return place


@kernel
def _name(data: Bytes, place: int) -> tuple[int, int]:
    """A word's token id, or -1 to -3, and the place after it."""
    if place + 1 < len(data) and data[place] == ord("<"):
        letter = data[place + 1]
        name = -1 if letter == ord("u") else -2 if letter == ord("s") else -3
        while place < len(data) and data[place] != ord(">"):
            place += 1
        return name, place + 1
    name = 0
    while place < len(data) and ord("0") <= data[place] <= ord("9"):
        name = 10 * name + (data[place] - ord("0"))
        place += 1
    return name, place


@kernel
def _decimal(data: Bytes, place: int) -> tuple[float, int]:
    """A number such as ``-1.25e-05`` and the place after it."""
    negative = place < len(data) and data[place] == ord("-")
    place += negative
    digits, scale = 0.0, 0
    fraction = False
    while place < len(data) and (ord("0") <= data[place] <= ord("9") or data[place] == ord(".")):
        if data[place] == ord("."):
            fraction = True
        else:
            digits = 10 * digits + (data[place] - ord("0"))
            scale -= fraction
        place += 1
    if place < len(data) and data[place] == ord("e"):
        exponent, place = _decimal(data, place + 1)
        scale += int(exponent)
    value = digits * 10.0**scale
    return -value if negative else value, place
