"""Losses on the held-out sets: the same samples, denoisers and noise whenever and wherever they are
measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from curriculum.feistel_permutation import permute
from curriculum.keyed_hash import key, seeds
from curriculum.step_plan import MicroBatch
from manifests.schema.shards import Vocabulary
from manifests.schema.stage import Stage
from trainer.data.batch import Batch
from trainer.data.data_loader import DataLoader
from trainer.data.dataset import open_sets
from trainer.data.rank_sharding import shard_over_ranks
from trainer.engine import ForwardPass, TrainingEngine
from trainer.model.loss import IGNORED
from trainer.objectives import TrainingObjective
from trainer.run import TrainingRun


class Evaluator:
    """Measures each stage's objective on the held-out part of each set of its mixture.

    A set's samples are spread evenly over the objective's denoisers, so the loss is their mean over tokens
    and compares between steps.
    Only labels that are text count: sentinels and eos are easier than words, and would flatter the model
    against the unigram entropy.
    """

    def __init__(self, run: TrainingRun, objectives: dict[str, TrainingObjective]) -> None:
        self._run, self._objectives = run, objectives
        self._loader = DataLoader(open_sets(run.shard_folder, run.shards.heldout))

    def measure(self, engine: TrainingEngine) -> dict[str, dict[str, float]]:
        """Nats per target token: stage -> set -> loss. Sets without held-out samples are left out."""
        return {stage.name: self._stage(engine, stage) for stage in self._run.manifest.stages}

    def _stage(self, engine: TrainingEngine, stage: Stage) -> dict[str, float]:
        losses = {}
        for name in sorted(stage.mixture):
            micro_batches = self._micro_batches(stage, name)
            if micro_batches:
                losses[name] = engine.evaluate(self._passes(stage, name, micro_batches))
        return losses

    def _passes(self, stage: Stage, name: str, micro_batches: list[MicroBatch]) -> list[ForwardPass]:
        vocabulary = self._run.shards.vocabulary
        return [
            ForwardPass(
                text_only(self._loader.load(self._objectives[stage.name], (name,), micro).batch, vocabulary),
                micro.seed,
                idle=idle,
            )
            for micro, idle in shard_over_ranks(micro_batches)
        ]

    def _micro_batches(self, stage: Stage, name: str) -> list[MicroBatch]:
        shape, heldout = self._objectives[stage.name].shape, self._run.shards.heldout
        available = shape.samples(heldout[name]) if name in heldout else 0
        count = min(available, self._run.manifest.train.evaluation_samples)
        if count == 0:
            return []
        secret = key(self._run.manifest.seed, stage.name, "heldout", name)
        rows = permute(np.arange(count), available, np.full(count, secret))
        noise = seeds(secret, 0, count)
        parts = [
            (denoiser, mine[start : start + stage.micro_batch])
            for denoiser, mine in (
                (index, np.arange(index, count, shape.denoisers)) for index in range(shape.denoisers)
            )
            for start in range(0, len(mine), stage.micro_batch)
        ]
        return [
            MicroBatch(denoiser, np.zeros(len(part), np.int32), rows[part], noise[part], seed=0)
            for denoiser, part in parts
        ]


def text_only(batch: Batch, vocabulary: Vocabulary) -> Batch:
    """The same batch with every label ignored that is not a piece of text."""
    text = (batch.labels < vocabulary.pieces) & (batch.labels != vocabulary.eos)
    return replace(batch, labels=np.where(text, batch.labels, IGNORED))
