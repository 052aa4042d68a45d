"""A callback that writes the losses into a CSV file. A logger such as Weights & Biases or Aim is called
where the line is written.

python examples/callback.py texts runs/callback
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

from base_manifests import write_corpus, write_curriculum

import openba
from trainer.monitor.callbacks import Callback
from trainer.monitor.throughput_and_mfu import Throughput
from trainer.run import TrainingRun

OWN = """
train:
  callbacks: ["callback:CsvLog"]
"""


class CsvLog(Callback):
    """``train/losses.csv``: step, name, value. A training that goes on adds to it."""

    def on_start(self, run: TrainingRun, step: int) -> None:
        self._file = run.train_folder / "losses.csv"
        if step == 0:
            self._file.write_text("step,name,value\n", encoding="utf-8")

    def step(self, record: dict[str, Any], throughput: Throughput) -> None:
        self._log(record["step"], "loss", record["loss"])

    def evaluation(self, record: dict[str, Any]) -> None:
        for name, loss in record["losses"].items():
            self._log(record["step"], f"heldout/{name}", loss)

    def _log(self, step: int, name: str, value: float) -> None:
        # Or, with Weights & Biases: wandb.log({name: value}, step).
        with self._file.open("a", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow([step, name, value])


if __name__ == "__main__":
    texts, run = Path(sys.argv[1]), Path(sys.argv[2])
    openba.run_steps(write_corpus(run, texts), run)
    openba.train(write_curriculum(run, OWN), run)
    print((run / "train" / "losses.csv").read_text(encoding="utf-8"), end="")
