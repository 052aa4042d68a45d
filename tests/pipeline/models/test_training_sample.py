"""Models are trained on whole documents: all pieces of one are in the sample or none, and in one fold."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import xxhash

from manifests.schema.documents import IDENTIFIED
from pipeline.models.training_sample import Folds, Sample
from pipeline.runtime.whole_documents import whole_hashes
from tests.pipeline.toy import PEP20, documents

PIECES = 5


def pieces() -> pa.RecordBatch:
    """Each line of the Zen as a document in five pieces."""
    columns = documents([line[number:] for line in PEP20 for number in range(PIECES)]).to_pydict()
    columns["id"] = [f"s:{line}#piece-{number}" for line in PEP20 for number in range(1, PIECES + 1)]
    whole = [xxhash.xxh3_128_hexdigest(line.encode()) for line in PEP20 for _ in range(PIECES)]
    columns["meta"] = [json.dumps({"document_hash": digest}) for digest in whole]
    rows = len(whole)
    columns |= {"language": ["en"] * rows, "language_score": [1.0] * rows, "script": [None] * rows}
    return pa.RecordBatch.from_pydict(columns, schema=IDENTIFIED)


def test_pieces_of_a_document_share_its_fate() -> None:
    batch = pieces()
    chosen = Sample({"en": 0.5}, frozenset({"pep20"})).chosen(batch).reshape(-1, PIECES)
    assert (chosen == chosen[:, :1]).all()
    assert set(chosen[:, 0].tolist()) == {True, False}
    for models in (1, 2, 3):
        fold = Folds(models).fold(whole_hashes(batch)).reshape(-1, PIECES)
        assert (fold == fold[:, :1]).all()
    assert len(np.unique(fold)) == 3
