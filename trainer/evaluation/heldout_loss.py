"""Losses on the held-out sets: the same samples, denoisers and noise whenever and wherever they are
measured."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch.distributed as dist

from curriculum.feistel_permutation import permute
from curriculum.keyed_hash import key, seeds
from curriculum.share_points import first_shares
from curriculum.step_plan import Samples
from manifests.schema.shards import HELDOUT_TASKS, Vocabulary
from manifests.schema.stage import Stage
from trainer.data.batch import Batch
from trainer.data.dataset import open_sets
from trainer.data.drawn import Drawn
from trainer.data.step_loader import StepLoader
from trainer.evaluation.mean_loss import Measurable
from trainer.forward_pass import ForwardPass
from trainer.model.loss import IGNORED
from trainer.objectives import TrainingObjective
from trainer.run import TrainingRun

LEAST_SAMPLES = 16
"""Of a set, for an expectation of its loss: the mean of fewer may be far off."""


class Evaluator:
    """Measures each stage's objective on the held-out part of each set of its mixture, and, of sets of pairs,
    on the pairs of tasks that are held out.

    A set's samples are spread evenly over the objective's denoisers, so the loss is their mean over tokens
    and compares between steps.
    Only labels that are text count: sentinels and eos are easier than words, and would flatter the model
    against the unigram entropy.
    """

    def __init__(self, run: TrainingRun, objectives: dict[str, TrainingObjective]) -> None:
        self._run, self._objectives = run, objectives
        self._sets = open_sets(run.shard_folder, run.shards.heldout)

    def measure(self, engine: Measurable) -> dict[str, dict[str, float]]:
        """Nats per target token: stage -> set -> loss. Sets without held-out samples are left out."""
        return {stage.name: self._stage(engine, stage) for stage in self._run.manifest.stages}

    def expected(self, engine: Measurable, stage_index: int) -> float | None:
        """What the first step of a stage will lose, in nats per target token, all labels counted: its sets'
        held-out losses in the proportions in which the mixture begins. None where a set has too few held-out
        samples to tell."""
        stage = self._run.manifest.stages[stage_index]
        total = 0.0
        sizes = {name: tokens.tokens for name, tokens in self._run.shards.sets.items()}
        for name, share in first_shares(stage.mixture, sizes).items():
            samples = self._samples(stage, name)
            if len(samples) < LEAST_SAMPLES:
                return None
            total += share * engine.evaluate(self._passes(stage, name, samples, only_text=False))
        return total if math.isfinite(total) else None

    def _stage(self, engine: Measurable, stage: Stage) -> dict[str, float]:
        losses = {}
        for name in (*stage.sets, *(name + HELDOUT_TASKS for name in stage.sets)):
            samples = self._samples(stage, name)
            if len(samples):
                losses[name] = engine.evaluate(self._passes(stage, name, samples))
        return losses

    def _passes(
        self, stage: Stage, name: str, samples: Samples, *, only_text: bool = True
    ) -> list[ForwardPass]:
        vocabulary = self._run.shards.vocabulary
        loader = StepLoader(
            self._sets, self._run.manifest.model, vocabulary.padded, dist.get_rank(), dist.get_world_size()
        )
        objective = self._objectives[stage.name]
        return [
            ForwardPass(text_only(loaded.batch, vocabulary) if only_text else loaded.batch, idle=idle)
            for loaded, idle in loader.load([Drawn(objective, (name,), samples)], stage.micro_batch)
        ]

    def _samples(self, stage: Stage, name: str) -> Samples:
        shape, heldout = self._objectives[stage.name].shape, self._run.shards.heldout
        available = shape.samples(heldout[name]) if name in heldout else 0
        count = min(available, self._run.manifest.train.evaluation_samples)
        secret = key(self._run.manifest.seed, stage.name, "heldout", name)
        rows = permute(np.arange(count), max(available, 1), np.full(count, secret))
        return Samples(
            set_index=np.zeros(count, np.int32),
            rows=rows,
            denoisers=np.arange(count) % shape.denoisers,
            noise=seeds(secret, 0, count),
            dropout=np.zeros(count, np.uint64),
        )


def text_only(batch: Batch, vocabulary: Vocabulary) -> Batch:
    """The same batch with every label ignored that is not a piece of text."""
    text = (batch.labels < vocabulary.pieces) & (batch.labels != vocabulary.eos)
    return replace(batch, labels=np.where(text, batch.labels, IGNORED))
