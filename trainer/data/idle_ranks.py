"""How busy a curriculum's steps keep the processes: all the time, unless a step has too few samples for so
many."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.data.dataset import open_sets
from trainer.data.drawn import drawn
from trainer.data.packing import useful_share
from trainer.data.step_loader import StepLoader
from trainer.run import TrainingRun
from trainer.run_engine import build_objectives

ENOUGH = 0.9


def stage_shares(run: TrainingRun, ranks: int) -> dict[str, float]:
    """The useful share (see trainer.data.packing) of the first step of each stage on ``ranks`` processes.

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
    """A line for each stage in which ``ranks`` processes would be busy for less than ENOUGH of the time.

    Raises:
        ShardError: see stage_shares.
    """
    shares = stage_shares(run, ranks)
    for stage in run.manifest.stages:
        if shares.get(stage.name, 1) < ENOUGH:
            fewer = ranks // 2
            while stage_shares(run, fewer)[stage.name] < ENOUGH:
                fewer //= 2
            yield (
                f"stage {stage.name}: {ranks} processes are busy for {shares[stage.name]:.0%} of the time: "
                f"one computes a sample whole, and of the {stage.global_batch:,} of a step the dearest "
                f"decides; raise global_batch, or train on fewer: {fewer} are busy for {ENOUGH:.0%} or more"
            )
