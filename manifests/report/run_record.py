"""Everything that a run folder says about itself, loaded once."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.border.logs import read_benchmarks, read_evaluations, read_metrics
from manifests.errors import UserError
from manifests.report.scrubbing import Scrub, hidden
from manifests.schema.base import load
from manifests.schema.benchmark_scores import BenchmarkScores
from manifests.schema.shards import ShardManifest
from manifests.schema.steps import KEPT, StepManifest
from manifests.schema.training import TrainingManifest
from manifests.step_order import steps_in


@dataclass(frozen=True)
class TrainingStep:
    """A line of ``train/metrics.jsonl``: ``loss`` in nats per target token (NaN where it was not finite),
    ``tokens`` corpus tokens read up to here; ``skipped``: the step made no update."""

    step: int
    stage: str
    loss: float
    learning_rate: float
    tokens: int
    skipped: bool

    @classmethod
    def of(cls, line: dict[str, Any]) -> TrainingStep:
        """That of a line."""
        loss = math.nan if line["loss"] is None else line["loss"]
        read = {name: line[name] for name in ("step", "stage", "learning_rate", "tokens")}
        return cls(**read, loss=loss, skipped="skipped" in line)


@dataclass(frozen=True)
class Evaluation:
    """A line of ``train/evaluation.jsonl``: held-out losses in nats per target token, by set, under one
    stage's objective."""

    step: int
    stage: str
    losses: dict[str, float]


@dataclass(frozen=True)
class RunRecord:
    """What the report is made from; whatever the run has not done yet is empty or None."""

    folder: Path
    steps: dict[str, StepManifest]
    shards: ShardManifest | None
    training_steps: tuple[TrainingStep, ...]
    evaluations: tuple[Evaluation, ...]
    training: TrainingManifest | None
    benchmarks: tuple[BenchmarkScores, ...] = ()
    scrub: Scrub = hidden

    @classmethod
    def read(cls, run: Path, scrub: Scrub = hidden) -> RunRecord:
        """Loads the manifests and logs of a run folder. ``scrub``: what is to be done with texts before they
        are shown; without it none is.

        Raises:
            UserError: the folder holds neither a step manifest nor a training log.
            ManifestError: a manifest is not valid.
        """
        steps = steps_in(run)
        shards, training = run / "shards" / "shards.json", run / "train" / "manifest.json"
        record = cls(
            folder=run,
            steps=steps,
            shards=load(shards, ShardManifest) if shards.exists() else None,
            training_steps=tuple(
                TrainingStep.of(line) for line in read_metrics(run / "train" / "metrics.jsonl")
            ),
            evaluations=tuple(
                Evaluation(line["step"], line["stage"], line["losses"])
                for line in read_evaluations(run / "train" / "evaluation.jsonl")
            ),
            training=load(training, TrainingManifest) if training.exists() else None,
            benchmarks=tuple(read_benchmarks(run / "train" / "benchmarks.jsonl")),
            scrub=scrub,
        )
        if not steps and not record.training_steps:
            raise UserError(
                "holds no step manifest and no training log",
                where=run,
                fix="run `openba corpus` or `openba train` first",
            )
        return record

    @property
    def name(self) -> str:
        """The run folder's name."""
        return self.folder.resolve().name

    def documents(self, step: str, *, kept: bool) -> Counter[str]:
        """Documents that a step kept, or rejected, by language (empty where it is not known)."""
        total: Counter[str] = Counter()
        for count in self.steps[step].counts if step in self.steps else ():
            if (count.reason == KEPT) == kept:
                total[count.language] += count.documents
        return total

    def metrics(self, step: str, prefix: str) -> dict[tuple[str, ...], int]:
        """A step's metrics below ``prefix``, by the rest of their names, split at the slashes."""
        found = self.steps[step].metrics.items() if step in self.steps else ()
        return {tuple(name.split("/")[1:]): value for name, value in found if name.startswith(f"{prefix}/")}

    @property
    def stage_spans(self) -> list[tuple[str, int, int]]:
        """Name, first and last step of each stage of the training so far, in order."""
        spans: list[tuple[str, int, int]] = []
        for line in self.training_steps:
            if spans and spans[-1][0] == line.stage:
                spans[-1] = (line.stage, spans[-1][1], line.step)
            else:
                spans.append((line.stage, line.step, line.step))
        return spans
