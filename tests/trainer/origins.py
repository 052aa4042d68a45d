"""A run that is trained, its export, and runs that begin from it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.trainer.tiny import write_curriculum, write_shards
from trainer.inference import export_model
from trainer.run import TrainingRun
from trainer.train import train

UPDATES = 60


@dataclass(frozen=True)
class Trained:
    """A run of UL2 on English that is trained to its end, and its export; not to be changed."""

    run: TrainingRun
    export: Path

    @property
    def checkpoint(self) -> Path:
        """The last one's folder."""
        return self.run.checkpoints / f"step-{UPDATES:09d}"

    def other(self, folder: Path, initial: dict[str, Any] | None = None, **changes: Any) -> TrainingRun:
        """A new run with the same shards and curriculum; ``changes`` replace keys of the curriculum's ``train`` and
        ``model``, or its ``stages``."""
        shutil.copytree(self.run.shard_folder, folder / "shards")
        data = yaml.safe_load((self.run.folder / "curriculum.yaml").read_text())
        data |= {"initial": initial} if initial else {}
        for key, value in changes.items():
            data[key] = data.get(key, {}) | value if isinstance(value, dict) else value
        (folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
        return TrainingRun.open(folder / "curriculum.yaml", folder)


def trained(folder: Path) -> Trained:
    """Trains one; every set of its mixture has enough held-out samples to expect a loss."""
    run = folder / "one"
    write_shards(run, heldout_pairs=16)
    file = write_curriculum(run / "curriculum.yaml")
    data = yaml.safe_load(file.read_text())
    data["train"] |= {"evaluation_samples": 16, "checkpoint_every": 20}
    data["stages"] = [
        data["stages"][0]
        | {"mixture": {"en": 1.0}, "tokens": UPDATES * 8 * 24, "max_epochs": {"en": 99}}
        | {"learning_rate": {"schedule": "constant", "peak": 1e-2}}
    ]
    file.write_text(yaml.safe_dump(data))
    opened = TrainingRun.open(file, run)
    assert train(opened, quiet=True)
    export_model(opened, folder / "export")
    return Trained(opened, folder / "export")


def few_steps(trained: Trained, steps: int = 6) -> dict[str, Any]:
    """The stages of a run with few steps, which saves after each third."""
    stage = trained.run.manifest.stages[0].model_dump(mode="json") | {"tokens": steps * 8 * 24}
    return {"stages": [stage], "train": {"checkpoint_every": 3}}
