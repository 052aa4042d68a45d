"""Writing ARPA files in native batches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.files import atomic_write
from pipeline.perplexity.ngrams import Ngrams

SPECIAL_NAMES = ["<unk>", "<s>", "</s>"]
LINES = 1_000_000
TEXT = pa.large_string()
SPACE, TAB, NEWLINE, NOTHING = (pa.scalar(text, TEXT) for text in (" ", "\t", "\n", ""))


@dataclass(frozen=True)
class Weights:
    """Probability and backoff weight [types] of each n-gram of one order; the backoff of what is no history is 1."""

    probability: npt.NDArray[np.float64]
    backoff: npt.NDArray[np.float64]


def write(out: Path, words: npt.NDArray[np.uint32], tables: list[Ngrams], weights: list[Weights]) -> None:
    """Writes one section an order: ``log10 probability TAB n-gram TAB log10 backoff`` (none for the longest), sorted as the tables are."""
    vocabulary = pa.concat_arrays([pa.array(SPECIAL_NAMES, TEXT), pa.array(words).cast(TEXT)])
    names = vocabulary
    with atomic_write(out) as temporary, temporary.open("wb") as file:
        header = [f"ngram {n}={len(table)}" for n, table in enumerate(tables, 1)]
        file.write("\n".join(["\\data\\", *header, ""]).encode())
        for n, (table, weight) in enumerate(zip(tables, weights, strict=True), 1):
            if n > 1:
                names = pc.binary_join_element_wise(names.take(pa.array(table.prefix)), vocabulary.take(pa.array(table.word)), SPACE)
            file.write(f"\n\\{n}-grams:\n".encode())
            _section(file, names, _logarithm(weight.probability), None if n == len(tables) else _logarithm(weight.backoff))
        file.write(b"\n\\end\\\n")


def _logarithm(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """log10, never above 0: rounding may leave a certain word at a little more than probability 1."""
    return np.minimum(np.log10(values), 0).astype(np.float32) + np.float32(0)


def _section(file: BinaryIO, names: pa.LargeStringArray, first: npt.NDArray[np.float32], last: npt.NDArray[np.float32] | None) -> None:
    for start in range(0, len(names), LINES):
        columns = [pa.array(first[start : start + LINES]).cast(TEXT), TAB, names.slice(start, LINES)]
        if last is not None:
            columns += [TAB, pa.array(last[start : start + LINES]).cast(TEXT)]
        lines = pc.binary_join_element_wise(*columns, NEWLINE, NOTHING)
        _, offsets, characters = lines.buffers()
        file.write(characters[: np.frombuffer(offsets, np.int64)[len(lines)]])
