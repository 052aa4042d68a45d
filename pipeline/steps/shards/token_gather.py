"""Gathering documents' tokens out of memory-mapped columns into one flat array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import read_batches
from manifests.border.unsound_file import check
from pipeline.text.arrow.kernel import kernel

Int64 = npt.NDArray[np.int64]
UInt32 = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Columns:
    """The record batches of several Arrow files as one sequence of rows; ``wanted``: the columns that they
    have. A file is mapped while it is read and no longer, so that memory does not grow with their number.
    Workers get the paths."""

    paths: tuple[Path, ...]
    wanted: pa.Schema

    def __reduce__(self) -> tuple[type[Columns], tuple[tuple[Path, ...], pa.Schema]]:
        return Columns, (self.paths, self.wanted)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All record batches, file by file."""
        return (batch for path in self.paths for batch in read_batches(path, self.wanted))

    @cached_property
    def _starts(self) -> Int64:
        return np.cumsum([0, *(batch.num_rows for batch in self.batches())])

    def column(self, name: str) -> pa.ChunkedArray:
        """One column of all rows."""
        kind = self.wanted.field(name).type
        return pa.chunked_array([batch.column(name) for batch in self.batches()], kind)

    def parts(self, rows: Int64) -> Iterator[tuple[pa.RecordBatch, Int64, Int64]]:
        """Record batches with rows among ``rows`` (any order, repeats allowed): the batch, its own rows, and
        their places in ``rows``.

        Raises:
            UnsoundFileError: there is no such row.
        """
        inside = not len(rows) or (rows.min() >= 0 and rows.max() < self._starts[-1])
        check(bool(inside), self.paths[0], f"and the files after it hold {self._starts[-1]} rows, not enough")
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
            return self.wanted.empty_table().select(names)
        back = np.argsort(np.concatenate(places))
        return pa.Table.from_batches(taken).take(pa.array(back)).combine_chunks()

    def take_lengths(self, name: str, rows: Int64) -> Int64:
        """Lengths of the list column's rows ``rows``, in their order."""
        lengths = np.empty(len(rows), np.int64)
        for batch, own, place in self.parts(rows):
            lengths[place] = pc.list_value_length(batch.column(name)).to_numpy()[own]
        return lengths

    def gather(self, name: str, rows: Int64, skip: Int64, lengths: Int64, out: UInt32, places: Int64) -> None:
        """Copies ``lengths[i]`` tokens of the list column's row ``rows[i]``, from its token ``skip[i]`` on,
        to ``out[places[i]:]``.

        Raises:
            UnsoundFileError: a row has not so many, or there is no room for them.
        """
        for batch, own, place in self.parts(rows):
            values, starts = flat(batch.column(name))
            begins, sizes, to = starts[own] + skip[place], lengths[place], places[place]
            sound = (skip[place] >= 0) & (sizes >= 0) & (begins + sizes <= starts[own + 1])
            sound &= (to >= 0) & (to + sizes <= len(out))
            check(bool(sound.all()), self.paths[0], "has not as many tokens of a document as were counted")
            copy_spans(values, begins, sizes, out, to)


def flat(lists: pa.ListArray) -> tuple[UInt32, Int64]:
    """The values under a list<uint32> column, and each row's start in them [rows + 1]. No token is copied."""
    return lists.values.to_numpy(), lists.offsets.to_numpy().astype(np.int64)


@kernel
def copy_spans(values: UInt32, starts: Int64, lengths: Int64, out: UInt32, places: Int64) -> None:
    """``out[places[i]:][:lengths[i]] = values[starts[i]:][:lengths[i]]`` for every i."""
    for index in range(len(starts)):
        length = lengths[index]
        out[places[index] : places[index] + length] = values[starts[index] : starts[index] + length]
