"""``python -m tests.trainer.checkpoint.saves_with_fault FOLDER RANK FAULT EVENT``, a process of a group: saves
checkpoints 1, 2 and 3, of which one is kept. Process RANK meets FAULT, ``kill`` (SIGKILL) or ``full`` (a full disk), at
the EVENT-th of the moments since checkpoint 1 at which the disk could be seen half done."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import torch

from trainer.checkpoint import saving, slice_files
from trainer.checkpoint.checkpoint import Progress
from trainer.checkpoint.error import CheckpointError
from trainer.checkpoint.saving import save
from trainer.distributed import join_process_group, storage_ranks
from trainer.engine_state import EngineState, TensorSlice

NAMES = ("w", "exp_avg.w", "exp_avg_sq.w")
NUMEL = 30_000


def values(name: str, step: int) -> torch.Tensor:
    """What a whole tensor of a checkpoint holds."""
    return torch.arange(NUMEL, dtype=torch.float32) * (NAMES.index(name) + 1) + step


def state(step: int, rank: int, ranks: int) -> EngineState:
    weight, *moments = (TensorSlice(name, 0, values(name, step)).part(rank, ranks) for name in NAMES)
    return EngineState([weight], moments, step)


def progress(step: int) -> Progress:
    return Progress(
        step=step,
        updates=step,
        stages_begun=1,
        tokens_by_set={},
        journal_events=0,
        curriculum="{}",
        shards="",
    )


class Fault:
    """Counts events, and strikes at one."""

    def __init__(self, kind: str, event: int) -> None:
        self._kind, self._left = kind, event

    def before(self, owner: Any, name: str) -> None:
        """Makes calls of a function events."""
        function = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self._strike()
            return function(*arguments, **named)

        setattr(owner, name, counted)

    def _strike(self) -> None:
        if self._kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.ENOSPC, "No space left on device")


def main(folder: Path, rank: int, kind: str, event: int) -> None:
    join_process_group()
    ranks = storage_ranks()

    def saved(step: int) -> None:
        save(folder, progress(step), state(step, ranks.rank, ranks.size), 1, None, ranks)

    saved(1)
    if ranks.rank == rank:
        fault = Fault(kind, event)
        owners: list[tuple[Any, str]] = [
            (slice_files, "write_tensors"), (saving, "sync"), (Path, "replace"), (shutil, "rmtree"), (os, "unlink")
        ]  # fmt: skip
        for owner, name in owners:
            fault.before(owner, name)
    try:
        saved(2)
        saved(3)
    except CheckpointError as error:
        print(f"error: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
