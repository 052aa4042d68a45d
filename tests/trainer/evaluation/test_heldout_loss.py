"""What the held-out loss counts."""

from __future__ import annotations

import numpy as np

from manifests.schema.shards import Vocabulary
from manifests.schema.steps import File
from trainer.data.batch import make_batch
from trainer.evaluation.heldout_loss import text_only
from trainer.model.loss import IGNORED

VOCABULARY = Vocabulary(
    model=File(path="tokenizer.model", sha256="0" * 64, bytes=0), pieces=50, size=153, padded=256
)


def test_only_text_counts() -> None:
    labels = np.array([[VOCABULARY.sentinel(0), 7, 49, VOCABULARY.sentinel(1), 8, VOCABULARY.eos, IGNORED]])
    batch = text_only(make_batch(np.array([[5, 6]]), labels, VOCABULARY.pad), VOCABULARY)
    assert batch.labels.tolist() == [[IGNORED, 7, 49, IGNORED, 8, IGNORED, IGNORED]]
    assert batch.decoder.tolist() == [
        [VOCABULARY.pad, VOCABULARY.sentinel(0), 7, 49, VOCABULARY.sentinel(1), 8, VOCABULARY.eos]
    ]
