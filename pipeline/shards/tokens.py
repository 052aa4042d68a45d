"""The first phase: the tokens of every document, beside what the plan asks about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.outcome import Position
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
    """Takes over the tokens that the quality step made; texts that changed since (tokens null) are encoded again."""

    schema = TOKENS

    def __init__(self, model: Path) -> None:
        self._model = model

    def setup(self) -> None:
        self._tokenizer = Tokenizer(self._model)

    def process(self, batch: pa.RecordBatch, where: Position) -> pa.RecordBatch:
        columns = [batch.column(name).cast(TOKENS.field(name).type) for name in ("id", "source", "language", "hash")]
        return pa.RecordBatch.from_arrays([*columns, self._tokens(batch)], schema=TOKENS)

    def _tokens(self, batch: pa.RecordBatch) -> pa.ListArray:
        tokens = batch.column("tokens")
        missing = pc.is_null(tokens)
        if not tokens.null_count:
            return tokens
        encoded = self._tokenizer.encode(batch.column("text").filter(missing))
        if tokens.null_count == len(tokens):
            return encoded
        row = np.arange(len(tokens))
        mask = missing.to_numpy(zero_copy_only=False)
        row[mask] = len(tokens) + np.arange(len(encoded))
        return pa.concat_arrays([tokens, encoded]).take(pa.array(row))
