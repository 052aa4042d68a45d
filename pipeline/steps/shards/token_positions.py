"""The tokens of every document: where they lie, beside what the plan asks about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.unsound_file import UnsoundFileError
from manifests.schema.documents import PART_SHIFT
from pipeline.models.tokenizer import Tokenizer
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.checked_file import CheckedFile
from pipeline.runtime.transform import Extractor
from pipeline.runtime.whole_documents import whole_hashes
from pipeline.steps.shards.token_gather import Columns, UInt32
from pipeline.text.arrow.text_hashes import hashes

Int64 = npt.NDArray[np.int64]

TOKENS = pa.schema([pa.field("tokens", pa.list_(pa.uint32()))])
HERE = -1
"""Stands for ``tokens_at`` where a document's tokens are in this step's own files."""

DOCUMENTS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("hash", pa.binary(16), nullable=False),
        pa.field("whole", pa.binary(16), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("tokens_at", pa.int64(), nullable=False),
        pa.field("tokens", pa.list_(pa.uint32()), nullable=False),
    ]
)


class TokensExtractor(Extractor):
    """Encodes the texts that changed since the quality step, as far as their lines are new, and notes of all
    others where it wrote their tokens down. ``whole`` is the hash of the document that a piece was cut from.

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

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        texts = batch.column("text")
        at = pc.fill_null(batch.column("tokens_at"), HERE - 1).to_numpy().copy()
        changed = pc.not_equal(hashes(texts), batch.column("hash"))
        new = np.flatnonzero(changed)
        length = np.zeros(batch.num_rows, np.int64)
        for file, rows, places in _by_part(self._written, at):
            length[places] = file.take_lengths("tokens", rows)
        tokens = self._tokenizer.encode_again(texts.filter(changed), self._before(at[new], length[new]))
        own = np.zeros(batch.num_rows, np.int32)
        own[new] = length[new] = tokens.value_lengths()
        at[new] = HERE
        known = {name: batch.column(name) for name in ("id", "source", "language", "hash")}
        known["whole"] = whole_hashes(batch)
        columns = [values.cast(DOCUMENTS.field(name).type) for name, values in known.items()]
        lists = pa.ListArray.from_arrays(
            pa.array(np.append(np.int32(0), np.cumsum(own)), pa.int32()), tokens.flatten()
        )
        return pa.RecordBatch.from_arrays([*columns, pa.array(length), pa.array(at), lists], schema=DOCUMENTS)

    def _before(self, at: Int64, length: Int64) -> pa.ListArray:
        """Tokens that the quality step wrote down."""
        begins = np.append(0, np.cumsum(length))
        out = np.empty(begins[-1], np.uint32)
        _gather_written(self._written, at, np.zeros(len(at), np.int64), length, out, begins[:-1])
        return pa.ListArray.from_arrays(pa.array(begins, pa.int32()), pa.array(out))


@dataclass(frozen=True)
class Tokens:
    """``documents``: what ``TokensExtractor`` left, all parts. ``written``: the quality step's files of
    tokens, by part."""

    documents: Columns
    written: Mapping[int, CheckedFile]

    def gather(self, rows: Int64, at: Int64, skip: Int64, lengths: Int64, out: UInt32, places: Int64) -> None:
        """Copies ``lengths[i]`` tokens of document ``rows[i]``, whose ``tokens_at`` is ``at[i]``, from its
        token ``skip[i]`` on, to ``out[places[i]:]``."""
        here = np.flatnonzero(at == HERE)
        self.documents.gather("tokens", rows[here], skip[here], lengths[here], out, places[here])
        _gather_written(self.written, at, skip, lengths, out, places)


def _gather_written(
    written: Mapping[int, CheckedFile], at: Int64, skip: Int64, lengths: Int64, out: UInt32, places: Int64
) -> None:
    for columns, rows, those in _by_part(written, at):
        columns.gather("tokens", rows, skip[those], lengths[those], out, places[those])


def _by_part(written: Mapping[int, CheckedFile], at: Int64) -> Iterator[tuple[Columns, Int64, Int64]]:
    """For each of the quality step's files that positions lead to: the file, the rows in it, and the places
    of these positions."""
    part, row = np.divmod(at, 1 << PART_SHIFT)
    for number in np.unique(part[at != HERE]).tolist():
        if number not in written:
            raise UnsoundFileError(
                f"documents have their tokens in part {number} of the quality step, which has none",
                fix="run `openba quality` and the steps after it again",
            )
        yield (
            Columns((written[number].checked(),), TOKENS),
            row[part == number],
            np.flatnonzero(part == number),
        )
