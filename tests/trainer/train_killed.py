"""``python -m tests.trainer.train_killed FOLDER…``, a process of a group: trains in each folder, to the end although all
processes break off before updates 3, 5 and 7. Prints how often they did."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.trainer.disturbed import Fault, Killed
from trainer.engine import TrainingEngine
from trainer.run import TrainingRun
from trainer.train import train


def kill(_: TrainingEngine) -> None:
    raise Killed


def main(folder: Path) -> int:
    kills = 0
    with pytest.MonkeyPatch.context() as patch:
        for update in (3, 5, 7):
            Fault(patch, update, kill)
        while True:
            try:
                train(TrainingRun.open(folder / "curriculum.yaml", folder), quiet=True)
            except Killed:
                kills += 1
            else:
                return kills


if __name__ == "__main__":
    print([main(Path(argument)) for argument in sys.argv[1:]])
