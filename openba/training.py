"""A training, run from Python."""

from __future__ import annotations

from pathlib import Path

from trainer.run import TrainingRun
from trainer.train import train as train_run


def train(curriculum: str | Path, run: str | Path, *, quiet: bool = False) -> bool:
    """Trains to the end of a curriculum, from the run's newest checkpoint if any. False if there was nothing
    to do.

    Args:
        curriculum: the curriculum manifest.
        run: a run folder with shards.
        quiet: without the progress bar or log.

    Raises:
        UserError: see trainer.train.
    """
    return train_run(TrainingRun.open(Path(curriculum), Path(run)), quiet=quiet)
