"""Peak memory of import, evaluation, generation and export, measured with two models.

    python -m benchmarks.inference_memory

Each is a process of its own, on a run whose models have 44 M and 188 M parameters and random weights. Its peak is the
kernel's, reset when everything is imported and has been used once on a tiny model; what it takes beyond that is printed
beside what it must hold: the weights in the type in which it computes, or the largest tensor.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.host_memory import SIZES, VOCABULARY, Peaks, sizes_of
from curriculum.keyed_hash import key
from manifests.files import safe_join
from openba.model import load_model
from tests.trainer.processes import ended
from tests.trainer.tiny import write_curriculum, write_shards
from trainer.export import hf_folder
from trainer.inference import evaluate_checkpoint, export_model, import_model
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights
from trainer.run import TrainingRun

Work = Callable[[TrainingRun], object]

WORK: dict[str, Work] = {
    "import": lambda run: import_model(run, run.folder / "source"),
    "evaluate": evaluate_checkpoint,
    "evaluate bfloat16": lambda run: evaluate_checkpoint(run, dtype="bfloat16"),
    "generate": lambda run: load_model(run.manifest_folder / "curriculum.yaml", run.folder).generate(
        ["for"], 8
    ),
    "generate bfloat16": lambda run: load_model(
        run.manifest_folder / "curriculum.yaml", run.folder, dtype="bfloat16"
    ).generate(["for"], 8),
    "export": lambda run: export_model(run, Path(tempfile.mkdtemp(dir=run.folder))),
    "export bfloat16": lambda run: export_model(
        run, Path(tempfile.mkdtemp(dir=run.folder)), dtype="bfloat16"
    ),
}
"""What is measured, in an order in which each finds what it needs."""


def prepare(size: str, folder: Path) -> None:
    """A run folder with shards whose vocabulary has many rows, and a model of a size to import."""
    write_shards(folder)
    file = folder / "shards" / "shards.json"
    shards = json.loads(file.read_text(encoding="utf-8"))
    shards["vocabulary"]["padded"] = VOCABULARY
    file.write_text(json.dumps(shards), encoding="utf-8")
    run = TrainingRun.open(write_curriculum(folder / "curriculum.yaml", model=SIZES[size]), folder)
    settings, vocabulary = run.manifest.model, run.shards.vocabulary
    with torch.device("meta"):
        model = EncoderDecoder(settings, VOCABULARY)
    weights = InitialWeights(model, settings, int(key(0, "weights")))
    tokenizer = safe_join(run.shard_folder, vocabulary.model.path)
    hf_folder.write(folder / "source", run.manifest, vocabulary, tokenizer, weights.read)


def opened(folder: Path) -> TrainingRun:
    """The run in a folder."""
    return TrainingRun.open(folder / "curriculum.yaml", folder)


def worker(folder: Path, name: str) -> dict[str, int]:
    """Does one thing: bytes resident before, and at its peak."""
    with tempfile.TemporaryDirectory(dir=folder) as small:
        prepare("tiny", Path(small) / "run")
        for work in WORK.values():
            work(opened(Path(small) / "run"))
    peaks = Peaks()
    peaks.begin()
    peaks.end("base")
    peaks.begin()
    WORK[name](opened(folder))
    peaks.end("work")
    return peaks.bytes


def held(name: str, parameters: int, largest: int) -> tuple[str, int]:
    """What it must hold, and how many bytes that is."""
    bytes_ = 2 if name.endswith("bfloat16") else 4
    if name.startswith(("import", "export")):
        return "the largest tensor", 4 * largest
    return f"{bytes_} bytes a parameter", bytes_ * parameters


def measure(size: str) -> None:
    """Prints a line for each kind of work."""
    with tempfile.TemporaryDirectory(prefix="inference-memory-") as folder:
        path = Path(folder) / "run"
        prepare(size, path)
        parameters, largest = sizes_of(opened(path).manifest.model, VOCABULARY)
        print(
            f"{size}: {parameters / 1e6:.1f} M parameters, the largest tensor of {4 * largest / 1e6:.0f} MB"
        )
        for name in WORK:
            line = [sys.executable, "-W", "ignore", "-m", "benchmarks.inference_memory"]
            (process,) = ended([[*line, "--folder", str(path), "--work", name]])
            if process.returncode:
                raise SystemExit(process.stderr)
            found = json.loads(process.stdout.splitlines()[-1])
            more, (what, bytes_) = found["work"] - found["base"], held(name, parameters, largest)
            print(
                f"  {name:<18} {more / 1e6:6.0f} MB beyond {found['base'] / 1e6:.0f} MB = "
                f"{what} ({bytes_ / 1e6:.0f} MB) {(more - bytes_) / 1e6:+.0f} MB",
                flush=True,
            )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(worker(options.folder, options.work)))
        return 0
    for size in list(SIZES)[1:]:
        measure(size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
