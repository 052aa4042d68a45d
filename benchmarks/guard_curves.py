"""Records what the guard must be quiet about: the losses of small real trainings, of one seed each.

    python -m benchmarks.guard_curves runs/guard-curves tests/data/loss_curves.json

Python's own documentation and the demo's curriculum in small: UL2 with its seven denoisers, one a step, then
prefixes, then pairs. The guard is on: a training that it rolls back ends the recording with an error.
"""

from __future__ import annotations

import argparse
import json
import pydoc_data.topics
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

from manifests.border.logs import read_metrics
from tests.trainer import tiny
from trainer.monitor.usual_loss import untrained_loss
from trainer.run import TrainingRun
from trainer.train import train

SEEDS = 20
TOPICS = [text for _, text in sorted(pydoc_data.topics.topics.items())]
ADAM = {"betas": [0.9, 0.95], "weight_decay": 0.1}
DENOISERS = [
    {"mode": "R", "mean_span": 3, "density": 0.15},
    {"mode": "R", "mean_span": 8, "density": 0.15},
    {"mode": "S", "density": 0.25},
    {"mode": "X", "mean_span": 3, "density": 0.5},
    {"mode": "X", "mean_span": 8, "density": 0.5},
    {"mode": "X", "mean_span": 16, "density": 0.15, "placement": "anywhere"},
    {"mode": "X", "mean_span": 16, "density": 0.5},
]
STAGES = [
    {
        "name": "ul2", "objective": {"kind": "ul2", "chunk": 64, "denoisers": DENOISERS}, "mixture": {"en": 1.0},
        "tokens": 320 * 16 * 64, "global_batch": 16, "micro_batch": 16, "optimizer": ADAM, "max_epochs": {"en": 99},
        "learning_rate": {"schedule": "cosine", "peak": 3e-3, "minimum": 3e-4, "warmup_steps": 40},
    },
    {
        "name": "length", "objective": {"kind": "prefix", "source": 64, "target": 64}, "mixture": {"en": 1.0},
        "tokens": 100 * 16 * 128, "global_batch": 16, "micro_batch": 16, "optimizer": ADAM, "max_epochs": {"en": 99},
        "learning_rate": {"schedule": "cosine", "peak": 8e-4, "minimum": 2e-4},
    },
    {
        "name": "biflan", "objective": {"kind": "instruction", "source": 48, "target": 24}, "mixture": {"pairs": 1.0},
        "tokens": 100 * 16 * 33, "global_batch": 16, "micro_batch": 8, "optimizer": ADAM | {"betas": [0.9, 0.999]},
        "learning_rate": {"schedule": "constant", "peak": 3e-4, "warmup_steps": 10}, "max_epochs": {"pairs": 99},
    },
]  # fmt: skip
MODEL = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 2, "heads": 2, "head_size": 16, "d_ff": 64, "init_std": 0.18,
}  # fmt: skip
KEPT = ("loss", "expected", "part")


def prepare(folder: Path) -> None:
    """The shards of all trainings."""
    paragraphs = [part for text in TOPICS for part in text.split("\n\n") if len(part) > 120]
    with mock.patch.multiple(tiny, ENGLISH=TOPICS, SHARD_TOKENS=50_000, _paragraphs=lambda: paragraphs):
        tiny.write_shards(folder, heldout_pairs=64)


def trained(folder: Path, shards: Path, seed: int) -> TrainingRun:
    """A training of a seed, from its beginning to its end."""
    folder.mkdir(parents=True)
    (folder / "shards").symlink_to(shards)
    settings = {"threads": 1, "checkpoint_every": 100, "evaluation_samples": 32}
    changes: dict[str, Any] = {"seed": seed, "model": MODEL, "train": settings, "stages": STAGES}
    run = TrainingRun.open(tiny.write_curriculum(folder / "curriculum.yaml", **changes), folder)
    train(run, quiet=True)
    if run.journal().events:
        raise SystemExit(f"error: {folder}: the guard raised a false alarm: {run.journal().events}")
    return run


def recorded(runs: list[TrainingRun]) -> dict[str, Any]:
    """Stage and learning rate of each step; of each seed, what the guard sees beside them, to four digits."""
    lines = [read_metrics(run.metrics_file) for run in runs]
    first = runs[0]
    return {
        "untrained": untrained_loss(first.manifest.model, first.shards.vocabulary.padded),
        "stages": [line["stage"] for line in lines[0]],
        "rates": [line["learning_rate"] for line in lines[0]],
        "seeds": [
            {
                key: {line["step"]: round(line[key], 4) for line in mine if key in line}
                for key in KEPT
                if key != "loss"
            }
            | {"losses": [round(line["loss"], 3) for line in mine]}
            for mine in lines
        ],
    }


def main() -> None:
    """Trains and writes the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("to", type=Path)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    prepare(arguments.folder)
    shards = (arguments.folder / "shards").absolute()
    runs = [trained(arguments.folder / f"seed-{seed}", shards, seed) for seed in range(SEEDS)]
    arguments.to.write_text(json.dumps(recorded(runs)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
