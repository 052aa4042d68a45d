"""How busy a curriculum's steps keep the processes: all the time, unless a step has too few samples for so
many."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

from curriculum.idle_ranks import idle_warning
from curriculum.packing import useful_share
from trainer.data.dataset import open_sets
from trainer.data.drawn import drawn
from trainer.data.step_loader import StepLoader
from trainer.run import TrainingRun
from trainer.run_engine import build_objectives


def stage_shares(run: TrainingRun, ranks: int) -> dict[str, float]:
    """The useful share (see curriculum.packing) of the first step of each stage on ``ranks`` processes.

    Raises:
        ShardError: a shard is missing or is not what the manifest says.
    """
    sets, curriculum, shares = open_sets(run.shard_folder, run.shards.sets), run.curriculum(), {}
    objectives = build_objectives(run)
    loader = StepLoader(sets, run.manifest.model, run.shards.vocabulary.padded, 0, ranks)
    for span in curriculum.spans:
        if span.steps:
            plan, stage = curriculum.step(span.first), span.stream.stage
            shares[stage.name] = useful_share(*loader.packed(drawn(plan, objectives), stage.micro_batch))
    return shares


def idle_warnings(run: TrainingRun, ranks: int) -> Iterator[str]:
    """A line for each stage that leaves some of ``ranks`` processes idle (see curriculum.idle_ranks).

    Raises:
        ShardError: see stage_shares.
    """
    shares = cache(partial(stage_shares, run))
    for stage in run.manifest.stages:

        def share(number: int, name: str = stage.name) -> float:
            return shares(number).get(name, 1)

        if warning := idle_warning(stage, ranks, share):
            yield warning
