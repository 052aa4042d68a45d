"""Gathering documents' tokens out of memory-mapped columns into one flat array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.runtime.arrow_files import read_batches
from pipeline.text.arrow.kernel import kernel

Int64 = npt.NDArray[np.int64]
UInt32 = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Columns:
    """The record batches of several Arrow files as one sequence of rows. A file is mapped while it is read
    and no longer, so that memory does not grow with their number. Workers get the paths."""

    paths: tuple[Path, ...]

    def __reduce__(self) -> tuple[type[Columns], tuple[tuple[Path, ...]]]:
        return Columns, (self.paths,)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All record batches, file by file."""
        return (batch for path in self.paths for batch in read_batches(path))

    @cached_property
    def _starts(self) -> Int64:
        return np.cumsum([0, *(batch.num_rows for batch in self.batches())])

    def column(self, name: str) -> pa.ChunkedArray:
        """One column of all rows."""
        return pa.chunked_array([batch.column(name) for batch in self.batches()])

    def parts(self, rows: Int64) -> Iterator[tuple[pa.RecordBatch, Int64, Int64]]:
        """Record batches with rows among ``rows`` (any order, repeats allowed): the batch, its own rows, and
        their places in ``rows``."""
        order = np.argsort(rows, kind="stable")
        bounds = np.searchsorted(rows[order], self._starts)
        for index, batch in enumerate(self.batches()):
            places = order[bounds[index] : bounds[index + 1]]
            if len(places):
                yield batch, rows[places] - self._starts[index], places

    def take(self, names: Sequence[str], rows: Int64) -> pa.Table:
        """Columns ``names`` of ``rows``, in their order."""
        taken, places = [], []
        for batch, own, place in self.parts(rows):
            taken.append(batch.select(names).take(pa.array(own)))
            places.append(place)
        if not taken:
            return next(self.batches()).schema.empty_table().select(names)
        back = np.argsort(np.concatenate(places))
        return pa.Table.from_batches(taken).take(pa.array(back)).combine_chunks()

    def gather(self, name: str, rows: Int64, skip: Int64, lengths: Int64, out: UInt32, places: Int64) -> None:
        """Copies ``lengths[i]`` tokens of the list column's row ``rows[i]``, from its token ``skip[i]`` on,
        to ``out[places[i]:]``."""
        for batch, own, place in self.parts(rows):
            values, starts = flat(batch.column(name))
            copy_spans(values, starts[own] + skip[place], lengths[place], out, places[place])


def flat(lists: pa.ListArray) -> tuple[UInt32, Int64]:
    """The values under a list<uint32> column, and each row's start in them [rows + 1]. No token is copied."""
    return lists.values.to_numpy(), lists.offsets.to_numpy().astype(np.int64)


@kernel
def copy_spans(values: UInt32, starts: Int64, lengths: Int64, out: UInt32, places: Int64) -> None:
    """``out[places[i]:][:lengths[i]] = values[starts[i]:][:lengths[i]]`` for every i."""
    for index in range(len(starts)):
        length = lengths[index]
        out[places[index] : places[index] + length] = values[starts[index] : starts[index] + length]
