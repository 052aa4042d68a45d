"""The tokens of every document: where they lie, beside what the plan asks about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.jobs import CheckedFile
from pipeline.outcome import Position
from pipeline.quality.step import PART_SHIFT
from pipeline.shards.spans import Columns, UInt32
from pipeline.step import Extractor
from pipeline.tokenizer import Tokenizer

Int64 = npt.NDArray[np.int64]

HERE = -1
"""Stands for ``tokens_at`` where a document's tokens are in this step's own files."""

DOCUMENTS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("hash", pa.binary(16), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("tokens_at", pa.int64(), nullable=False),
        pa.field("tokens", pa.list_(pa.uint32()), nullable=False),
    ]
)


class TokensExtractor(Extractor):
    """Encodes the texts that changed since the quality step, and notes of all others where it wrote their tokens down.

    Args:
        model: the tokenizer.
        written: the quality step's files of tokens, by part.
    """

    schema = DOCUMENTS

    def __init__(self, model: Path, written: Mapping[int, CheckedFile]) -> None:
        self._model = model
        self._written = dict(written)

    def setup(self) -> None:
        self._tokenizer = Tokenizer(self._model)

    def process(self, batch: pa.RecordBatch, where: Position) -> pa.RecordBatch:
        changed = batch.column("tokens_at").is_null()
        encoded = self._tokenizer.encode(pc.if_else(changed, batch.column("text"), ""))
        at = batch.column("tokens_at").fill_null(HERE).to_numpy()
        length = np.where(at == HERE, encoded.value_lengths().to_numpy(), 0)
        for number, rows, places in _by_part(at):
            length[places] = pc.list_value_length(Columns((self._written[number].checked(),)).column("tokens")).to_numpy()[rows]
        columns = [batch.column(name).cast(DOCUMENTS.field(name).type) for name in ("id", "source", "language", "hash")]
        return pa.RecordBatch.from_arrays([*columns, pa.array(length), pa.array(at), encoded], schema=DOCUMENTS)


@dataclass(frozen=True)
class Tokens:
    """``documents``: what ``TokensExtractor`` left, all parts. ``written``: the quality step's files of tokens, by part."""

    documents: Columns
    written: Mapping[int, CheckedFile]

    def gather(self, rows: Int64, at: Int64, skip: Int64, lengths: Int64, out: UInt32, places: Int64) -> None:
        """Copies ``lengths[i]`` tokens of document ``rows[i]``, whose ``tokens_at`` is ``at[i]``, from its token ``skip[i]`` on, to
        ``out[places[i]:]``."""
        here = np.flatnonzero(at == HERE)
        self.documents.gather("tokens", rows[here], skip[here], lengths[here], out, places[here])
        for number, own, those in _by_part(at):
            Columns((self.written[number].checked(),)).gather("tokens", own, skip[those], lengths[those], out, places[those])


def _by_part(at: Int64) -> list[tuple[int, Int64, Int64]]:
    """For each part that positions lead to: its number, the rows in it, and the places of these positions."""
    part, row = np.divmod(at, 1 << PART_SHIFT)
    return [(number, row[part == number], np.flatnonzero(part == number)) for number in np.unique(part[at != HERE]).tolist()]
