"""What a training does at each step, without doing it."""

from __future__ import annotations

from pathlib import Path

from curriculum.curriculum import Curriculum
from trainer.amendment import known
from trainer.run import TrainingRun

__all__ = ["Curriculum", "curriculum"]


def curriculum(manifest: str | Path, run: str | Path) -> Curriculum:
    """The curriculum of a run, with the events of its journal: ``.step(k)`` tells the stage, objective,
    learning rate and samples of global step ``k``.

    Raises:
        ManifestError: a manifest is missing or not valid, or the shards have too little for it.
        JournalError: a line of the journal is not an event.
    """
    return known(TrainingRun.open(Path(manifest), Path(run))).curriculum()
