"""The first phase: the tokens of every document, beside what the plan asks about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.jobs import CheckedFile
from pipeline.outcome import Position
from pipeline.quality.step import PART_SHIFT
from pipeline.shards.spans import Columns, copy_spans, flat
from pipeline.step import Extractor
from pipeline.tokenizer import Tokenizer

TOKENS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("hash", pa.binary(16), nullable=False),
        pa.field("tokens", pa.list_(pa.uint32()), nullable=False),
    ]
)


class TokensExtractor(Extractor):
    """Takes over the tokens that the quality step wrote down; texts that changed since are encoded again.

    Args:
        model: the tokenizer.
        written: the quality step's files of tokens, by part.
    """

    schema = TOKENS

    def __init__(self, model: Path, written: Mapping[int, CheckedFile]) -> None:
        self._model = model
        self._written = dict(written)

    def setup(self) -> None:
        self._tokenizer = Tokenizer(self._model)

    def process(self, batch: pa.RecordBatch, where: Position) -> pa.RecordBatch:
        columns = [batch.column(name).cast(TOKENS.field(name).type) for name in ("id", "source", "language", "hash")]
        return pa.RecordBatch.from_arrays([*columns, self._tokens(batch)], schema=TOKENS)

    def _tokens(self, batch: pa.RecordBatch) -> pa.ListArray:
        at = batch.column("tokens_at")
        changed = np.flatnonzero(at.is_null())
        encoded = self._tokenizer.encode(batch.column("text").filter(at.is_null()))
        part, row = np.divmod(at.fill_null(-1).to_numpy(), 1 << PART_SHIFT)
        parts = {number: Columns((self._written[number].checked(),)) for number in np.unique(part[part >= 0]).tolist()}
        lengths = np.zeros(batch.num_rows, np.int64)
        lengths[changed] = encoded.value_lengths().to_numpy()
        for number, columns in parts.items():
            lengths[part == number] = pc.list_value_length(columns.column("tokens")).to_numpy()[row[part == number]]
        begins = np.concatenate([[0], np.cumsum(lengths)])
        tokens = np.empty(begins[-1], np.uint32)
        values, starts = flat(encoded)
        copy_spans(values, starts[:-1], lengths[changed], tokens, begins[changed])
        for number, columns in parts.items():
            here = np.flatnonzero(part == number)
            columns.gather("tokens", row[here], np.zeros(len(here), np.int64), lengths[here], tokens, begins[here])
        return pa.ListArray.from_arrays(pa.array(begins, pa.int32()), pa.array(tokens))
