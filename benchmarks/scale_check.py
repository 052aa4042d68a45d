"""The scale model against runs: it is told what the smaller sizes took, and says what the largest takes.

    python -m benchmarks.scale_check [--corpus ../shared/corpus] [--mb 8 24 80] [--folder runs/scale]

Samples of the development corpus are drawn by a hash of the documents' names, so that a larger one holds the
smaller ones. CPU time counts (user and system), not the clock's. All figures but those of the largest run go
into the model. The tokenizer is given, its training is not part of it. A run that is there is not made again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.ours import manifest, train_tokenizer
from benchmarks.sample import draw, text_bytes
from manifests.schema.base import load
from manifests.schema.fleet import Fleet
from manifests.schema.rates import Rates
from pipeline.scale.model import Burden, Model

WITHIN = 0.2
LEAST_SECONDS = 1.0
"""What takes less is not compared: the clock of CPU time counts hundredths."""


def main() -> int:
    """Runs what is missing and prints a line a step; 1 if a figure is off by more than ``WITHIN``."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--mb", type=float, nargs="+", default=[8, 24, 80])
    parser.add_argument("--folder", type=Path, default=Path("runs/scale"))
    options = parser.parse_args()
    whole = text_bytes(options.corpus)
    runs = [run_of(options.corpus, options.folder, size, size * 1e6 / whole) for size in sorted(options.mb)]
    *small, largest = [load(run / "rates.json", Rates) for run in runs]
    model = Model(small, Fleet(part_bytes=largest.part_bytes))
    told = model.loads(largest.text_bytes)
    sizes = ", ".join(f"{rates.text_bytes / 1e6:.1f}" for rates in small)
    print(f"{largest.text_bytes / 1e6:.1f} MB of text, told by {sizes} MB: model / measured")
    return int(max(compared(one, largest) for one in told) > WITHIN)


def run_of(corpus: Path, folder: Path, size: float, share: float) -> Path:
    """The measured run of a sample of so many MB."""
    run, sample = folder / f"{size:g}-mb", folder / f"{size:g}-mb-text"
    if not (run / "rates.json").exists():
        drawn = draw(corpus, sample, share)
        model = train_tokenizer(corpus, folder / "tokenizer.model")
        file = manifest(sample, drawn, model, folder / f"{size:g}-mb.yaml")
        command = [sys.executable, "-m", "openba", "measure", "--corpus", str(file), "--run", str(run)]
        subprocess.run(command, check=True)
    return run


def compared(told: Burden, largest: Rates) -> float:
    """Prints a step's figures; the largest error of those that count."""
    (found,) = (one for one in largest.steps if one.step == told.step)
    pairs = {
        "CPU s": (told.task_seconds + told.driver_seconds, found.task_seconds + found.driver_seconds),
        "written MB": (told.written / 1e6, found.written / 1e6),
        "shuffled MB": (told.shuffled / 1e6, found.shuffled / 1e6),
        "files": (told.writes, found.files),
        "memory MB": (told.driver_memory / 1e6, found.peak_memory / 1e6),
    }
    counted = {name: pair for name, pair in pairs.items() if pair[1] >= LEAST_SECONDS}
    ratios = {name: model / measured for name, (model, measured) in counted.items()}
    shown = ", ".join(
        f"{name} {pairs[name][0]:.1f} / {pairs[name][1]:.1f} = {ratios[name]:.2f}" for name in ratios
    )
    print(f"{told.step:<14} {shown}")
    return max((abs(ratio - 1) for ratio in ratios.values()), default=0.0)


if __name__ == "__main__":
    sys.exit(main())
