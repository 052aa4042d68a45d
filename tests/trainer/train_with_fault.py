"""``python -m tests.trainer.train_with_fault FOLDER FOLDER…``, a process of a group: trains in the folder of its
rank, with weights that are spoilt before update 8, once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch.distributed as dist

from tests.trainer.disturbed import Fault, spoil
from trainer.distributed import join_process_group
from trainer.run import TrainingRun
from trainer.train import train


def main(folders: list[Path]) -> None:
    join_process_group()
    folder = folders[dist.get_rank()]
    with pytest.MonkeyPatch.context() as patch:
        Fault(patch, 7, spoil)
        train(TrainingRun.open(folder / "curriculum.yaml", folder), quiet=True)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
