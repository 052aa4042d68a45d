"""An objective of your own in a stage: token deletion, from BART (arXiv 1910.13461). The encoder reads a text
that lacks some tokens, the decoder writes it whole.

python examples/own_objective.py texts runs/own-objective
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from base_manifests import write_corpus, write_curriculum

import openba
from curriculum.objective_shape import ObjectiveShape
from manifests.schema.shards import Vocabulary
from trainer.data.batch import Batch, make_batch
from trainer.objectives.counter_rng import U64, random_bits

OWN = """
stages:
  - name: deletion
    objective: {kind: plugin, use: "own_objective:TokenDeletion", settings: {length: 64, deleted: 10}}
    mixture: {en: 0.6, zh: 0.4}
    tokens: 10 K
    global_batch: 8
    micro_batch: 1024
    learning_rate: {schedule: constant, peak: 3.0e-3}
"""


class TokenDeletion:
    """Chunks of ``length`` tokens, of which ``deleted`` are deleted."""

    def __init__(self, settings: dict[str, Any], vocabulary: Vocabulary) -> None:
        length, self._deleted = settings["length"], settings["deleted"]
        self._pad = vocabulary.pad
        self.shape = ObjectiveShape(length, denoisers=1, longest=(length - self._deleted, length))

    def apply(self, samples: npt.NDArray[np.uint32], denoiser: int, seeds: U64) -> Batch:
        """uint32 [batch, length] to a batch of examples. The seeds alone decide what is deleted."""
        whole = samples.astype(np.int64)
        shuffled = random_bits(seeds, whole.shape[1]).argsort(axis=1)
        kept = np.sort(shuffled[:, self._deleted :], axis=1)
        return make_batch(np.take_along_axis(whole, kept, axis=1), whole, self._pad)


if __name__ == "__main__":
    texts, run = Path(sys.argv[1]), Path(sys.argv[2])
    openba.run_steps(write_corpus(run, texts), run)
    openba.train(write_curriculum(run, OWN), run)

    for line in (run / "train" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        print(f"held-out losses after step {record['step']}: {record['losses']}")
