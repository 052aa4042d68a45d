"""Which documents the samples of a set are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.shards import TokenSet
from trainer.data.dataset import shard_batch

_NAMES = [pa.field(name, pa.string(), nullable=False) for name in ("id", "source")]
_LISTS = [pa.field(name, pa.list_(pa.uint32()), nullable=False) for name in ("tokens", "prompt", "target")]
_WANTED = {
    "stream": pa.schema([*_NAMES, pa.field("start", pa.uint32(), nullable=False), _LISTS[0]]),
    "pairs": pa.schema([*_NAMES, *_LISTS[1:]]),
}


class Passage(NamedTuple):
    """``tokens`` tokens of a document, from its token ``first`` on; of a pair, the whole of it."""

    document: str
    source: str
    first: int
    tokens: int


class Provenance:
    """The documents of a set's shards.

    Args:
        folder: where the shards' paths start.
        length: tokens of a chunk; None where a sample is a pair.

    Raises:
        ShardError: a shard is missing or no whole shard.
    """

    def __init__(self, folder: Path, tokens: TokenSet, length: int | None) -> None:
        self._length = length
        self._batches = [shard_batch(folder, shard, _WANTED[tokens.kind]) for shard in tokens.shards]
        ends = [np.diff(self._units(batch)).sum() for batch in self._batches]
        self._starts = np.concatenate([[0], np.cumsum(ends)]).astype(np.int64)

    def passages(self, row: int) -> list[Passage]:
        """What a sample is made of, in its order."""
        length = 1 if self._length is None else self._length
        return list(self._between(row * length, (row + 1) * length))

    def rows(self, document: str) -> list[int]:
        """The samples that hold a part of a document, in their order."""
        length = 1 if self._length is None else self._length
        whole = int(self._starts[-1]) // length
        found = set[int]()
        for start, batch in zip(self._starts, self._batches, strict=False):
            units = self._units(batch)
            for place in np.flatnonzero(
                pc.equal(batch.column("id"), document).to_numpy(zero_copy_only=False)
            ):
                first, end = int(start + units[place]), int(start + units[place + 1])
                found.update(range(first // length, min(-(-end // length), whole)))
        return sorted(found)

    def _units(self, batch: pa.RecordBatch) -> np.ndarray:
        """Where each row begins, and the last one ends, in tokens of the stream or in pairs."""
        if self._length is None:
            return np.arange(batch.num_rows + 1)
        offsets: np.ndarray = batch.column("tokens").offsets.to_numpy()
        return offsets

    def _between(self, first: int, end: int) -> Iterator[Passage]:
        while first < end:
            shard = int(np.searchsorted(self._starts, first, side="right")) - 1
            batch, units = self._batches[shard], self._units(self._batches[shard])
            at = first - int(self._starts[shard])
            row = int(np.searchsorted(units, at, side="right")) - 1
            count = min(end - first, int(units[row + 1]) - at)
            yield self._passage(batch, row, at - int(units[row]), count)
            first += count

    def _passage(self, batch: pa.RecordBatch, row: int, offset: int, count: int) -> Passage:
        document, source = batch.column("id")[row].as_py(), batch.column("source")[row].as_py()
        if self._length is None:
            sides = (batch.column(side)[row].as_py() for side in ("prompt", "target"))
            return Passage(document, source, 0, sum(map(len, sides)))
        return Passage(document, source, batch.column("start")[row].as_py() + offset, count)
