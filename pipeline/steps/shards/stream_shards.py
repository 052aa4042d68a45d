"""Stream shards: documents in a seeded order, each ended by eos, cut into files of equally many tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifests.border.npy_files import mapped_array
from pipeline.steps.shards.token_positions import Tokens

Int64 = npt.NDArray[np.int64]

STREAM = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("start", pa.uint32(), nullable=False),
        pa.field("tokens", pa.list_(pa.uint32()), nullable=False),
    ]
)


@dataclass(frozen=True)
class StreamShards:
    """One token stream: documents with ``tokens`` tokens each, eos included, in order.

    ``listing`` is the .npy file that names them, int64 [3, documents]: row, tokens, ``tokens_at``. ``shard``
    tokens go into every shard but the last.
    """

    source: Tokens
    listing: Path
    shard: int
    eos: int

    def __reduce__(self) -> tuple[type[StreamShards], tuple[Tokens, Path, int, int]]:
        # Workers read the listing themselves.
        return StreamShards, (self.source, self.listing, self.shard, self.eos)

    @cached_property
    def _listed(self) -> Int64:
        return np.asarray(mapped_array(self.listing, np.int64, (3, None)))

    @cached_property
    def _ends(self) -> Int64:
        """Position in the stream after each document."""
        return np.cumsum(self._listed[1])

    @property
    def tokens(self) -> int:
        """Tokens of the whole stream, eos included."""
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.tokens // self.shard)

    def __call__(self, index: int, path: Path) -> None:
        """Writes shard ``index``: one record batch."""
        begin, end = index * self.shard, min((index + 1) * self.shard, self.tokens)
        first, last = (
            int(np.searchsorted(self._ends, position, side="right")) for position in (begin, end - 1)
        )
        batch = self._batch(slice(first, last + 1), begin, end)
        with pa.ipc.new_file(path, STREAM) as writer:
            writer.write_batch(batch)

    def _batch(self, documents: slice, begin: int, end: int) -> pa.RecordBatch:
        (rows, _, at), ends = self._listed[:, documents], self._ends[documents]
        starts = np.append(self._ends[documents.start - 1] if documents.start else 0, ends[:-1])
        skip = np.maximum(begin - starts, 0)
        place = np.maximum(starts - begin, 0)
        # The eos after a document is in no column: it is what stays in ``out`` where nothing is copied.
        out = np.full(end - begin, self.eos, np.uint32)
        self.source.gather(rows, at, skip, np.minimum(ends - 1, end) - np.maximum(starts, begin), out, place)
        names = self.source.documents.take(("id", "source"), rows)
        tokens = pa.ListArray.from_arrays(pa.array(np.append(place, len(out)), pa.int32()), pa.array(out))
        columns = [
            names["id"].combine_chunks(),
            names["source"].combine_chunks(),
            pa.array(skip, pa.uint32()),
            tokens,
        ]
        return pa.RecordBatch.from_arrays(columns, schema=STREAM)
