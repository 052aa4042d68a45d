"""``python -m tests.trainer.train_checked FOLDER [STEP]``, a process of a group: trains as ``trainer train`` does, to
the end or until process 0 dies after a step. Whatever state is loaded is compared, bit by bit, with what the library
of safetensors reads in the same folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.trainer.disturbed import KillAt, Killed
from tests.trainer.whole_state import whole_state
from trainer.checkpoint.checkpoint import Checkpoint
from trainer.checkpoint.slice_files import SliceReader
from trainer.engine import TrainingEngine
from trainer.run import TrainingRun
from trainer.train import train


def check(engine: TrainingEngine, expected: dict[str, Tensor]) -> None:
    """What the engine holds, and what its model is made of where that is whole."""
    weights, moments = engine.held()
    assert weights
    for piece in (*weights, *moments):
        part = expected[piece.name][piece.start : piece.start + len(piece.values)]
        assert torch.equal(piece.values, part), piece.name
    for name, parameter in engine.module.named_parameters():
        if parameter.numel():
            assert torch.equal(parameter.detach().flatten(), expected[name].to(parameter.dtype)), name


def checked_loads() -> None:
    """Makes every load of a checkpoint one that is checked."""
    load, opened = TrainingEngine.load, Checkpoint.open
    folders: dict[Any, Path] = {}

    def remembering(self: Checkpoint) -> SliceReader:
        reader = opened(self)
        folders[reader] = self.folder
        return reader

    def checking(self: TrainingEngine, source: Any) -> None:
        load(self, source)
        if source in folders:
            check(self, whole_state(folders[source]))
            print(f"checked {folders[source].name}", file=sys.stderr)

    Checkpoint.open = remembering  # type: ignore[method-assign]
    TrainingEngine.load = checking  # type: ignore[method-assign]


def main(folder: Path, last: int | None) -> None:
    checked_loads()
    run = TrainingRun.open(folder / "curriculum.yaml", folder)
    try:
        train(run, [] if last is None else [KillAt(last)], quiet=True)
    except Killed:
        sys.stderr.flush()
        os._exit(9)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
