"""Which checkpoint of a run is used to evaluate, to write text or to export."""

from __future__ import annotations

from typing import Literal

from manifests.border.logs import read_evaluations, read_metrics
from manifests.errors import UserError
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from trainer.checkpoint import checkpoint
from trainer.checkpoint.checkpoint import ALONE, Checkpoint
from trainer.checkpoint.compatibility import check_model, check_shards
from trainer.checkpoint.slice_files import AveragedWeights
from trainer.distributed import Ranks
from trainer.engine_state import StateSource
from trainer.evaluation.best_step import best_step
from trainer.resume import warn_of_damage
from trainer.run import TrainingRun

Which = int | Literal["best", "last"]
"""The step of a checkpoint; ``last``, the newest whole one; or ``best``, of the newest one's stage that
with the lowest held-out loss under the stage's objective."""


def chosen_checkpoint(run: TrainingRun, which: Which = "last", ranks: Ranks = ALONE) -> Checkpoint:
    """A whole checkpoint, which this curriculum's model and these shards fit; ``ranks`` as of
    trainer.checkpoint.checkpoint.newest.

    Raises:
        ManifestError: there is none yet.
        CheckpointError: none is whole.
        CompatibilityError: it has another model, or was trained on other shards or with another tokenizer.
        UserError: there is no whole checkpoint of that step, or none with a held-out loss.
    """
    if isinstance(which, int):
        found = _of_step(run, which, ranks)
    else:
        found = _newest(run, ranks)
        if which == "best":
            newest = found
            found = _of_step(run, ranks.decided(lambda: _best(run, newest)), ranks)
    where = str(found.folder)
    check_shards(found.progress.shards, run.shards_sha256, where, run.shard_manifest)
    check_model(CurriculumManifest.model_validate_json(found.progress.curriculum), run.manifest, where)
    return found


def state_of(found: Checkpoint, *, average: bool = False) -> StateSource:
    """A checkpoint's state; with the ``average`` of its weights in place of them, if so told.

    Raises:
        UserError: it holds no average.
        CheckpointError: it is not what was found.
    """
    state = found.open()
    if not average:
        return state
    if not state.averaged:
        raise UserError(
            "holds no average of the weights",
            where=found.folder,
            fix="set train.ema and train on, or take the weights themselves, without --average",
        )
    return AveragedWeights(state)


def _newest(run: TrainingRun, ranks: Ranks) -> Checkpoint:
    found = checkpoint.newest(run.checkpoints, ranks)
    if found is None:
        raise ManifestError(f"{run.checkpoints}: no checkpoint; train first")
    if ranks.rank == 0:
        warn_of_damage(found)
    return found


def _of_step(run: TrainingRun, step: int, ranks: Ranks) -> Checkpoint:
    found = checkpoint.read(ranks.decided(lambda: checkpoint.folder_of(run.checkpoints, step)), ranks)
    if found is None:
        there = ", ".join(str(checkpoint.step_of(folder)) for folder in checkpoint.folders(run.checkpoints))
        raise UserError(
            f"there is no whole checkpoint of step {step}",
            where=run.checkpoints,
            fix=f"name one of these: {there}",
        )
    return found


def _best(run: TrainingRun, newest: Checkpoint) -> int:
    steps = [line for line in read_metrics(run.metrics_file) if line["step"] <= newest.progress.step]
    stage = steps[-1]["stage"] if steps else ""
    first = sum(line["stage"] != stage for line in steps)
    kept = {checkpoint.step_of(folder) for folder in checkpoint.folders(run.checkpoints)}
    lines = [line for line in read_evaluations(run.evaluations_file) if line["step"] in kept]
    best = best_step(stage, first, lines)
    if best is None:
        raise UserError(
            f"no checkpoint of the stage {stage or 'at work'} has a held-out loss",
            where=run.checkpoints,
            fix="take the last one, or set train.evaluate_every to a divisor of train.checkpoint_every",
        )
    return best
