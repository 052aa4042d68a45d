"""The step's own table: which documents went into the shards, and how often; the others are rejected as over
budget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.npy_files import mapped_array
from manifests.border.unsound_file import check
from manifests.schema.documents import IDENTIFIED
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.transform import Transform

SELECTION = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("hash", pa.binary(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("use", pa.string(), nullable=False),
        pa.field("epochs", pa.int32(), nullable=False),
    ]
)
USE = np.dtype([("tokens", np.int64), ("epochs", np.int32), ("heldout", np.bool_)])


@dataclass(frozen=True)
class SelectTransform(Transform):
    """``uses`` is the .npy file with a ``USE`` record for each document; ``starts`` the index of each part's
    first one."""

    uses: Path
    starts: dict[int, int]
    schema = SELECTION

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        start = self.starts[where.part] + where.row
        use = mapped_array(self.uses, USE, (None,))[start : start + batch.num_rows]
        check(len(use) == batch.num_rows, self.uses, "lacks documents")
        tokens = pa.array(use["tokens"])
        used = pa.array((use["epochs"] > 0) | use["heldout"])
        columns = {name: batch.column(name) for name in IDENTIFIED.names}
        columns["tokens"] = tokens
        columns["use"] = pc.if_else(pa.array(use["heldout"]), "heldout", "train")
        columns["epochs"] = pa.array(use["epochs"])
        reason = pc.if_else(used, pa.scalar(None, pa.string()), "over_budget")
        detail = pc.binary_join_element_wise(tokens.cast(pa.string()), "tokens", " ")
        return decide("shards", pa.RecordBatch.from_pydict(columns), reason, detail, schema=SELECTION)
