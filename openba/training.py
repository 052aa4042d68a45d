"""A training, run from Python."""

from __future__ import annotations

from pathlib import Path

from trainer.run import TrainingRun
from trainer.train import train as train_run


def train(
    curriculum: str | Path, run: str | Path, *, weights: str | Path | None = None, quiet: bool = False
) -> bool:
    """Trains to the end of a curriculum, from the run's newest checkpoint if any. False if there was nothing
    to do.

    Args:
        curriculum: the curriculum manifest.
        run: a run folder with shards.
        weights: a folder to begin from, in place of the curriculum's ``initial.weights``.
        quiet: without the progress bar or log.

    Raises:
        UserError: see trainer.train.
    """
    training = TrainingRun.open(Path(curriculum), Path(run))
    return train_run(training if weights is None else training.beginning_from(Path(weights)), quiet=quiet)
