"""Peak memory of a process of a training, measured with small models and reckoned for a larger one.

    python -m benchmarks.host_memory --processes 4 --zero 3
    python -m benchmarks.host_memory --zero 3 --for openba-15b --ranks 64 --per-host 8

Real processes make a model of each size in parts, take a step and save a checkpoint; others go on from it; one
exports it. Each phase has a peak (the kernel's, reset before it). By formula it is

    base + bytes a parameter * parameters + bytes an element * elements of the largest parameter

where ``base`` is what the process takes with everything imported, and the bytes a parameter follow from what is held
(see HELD). What is left is laid to the largest parameter, whose gathered copies and gradients ZeRO 3 does not spread;
it is printed for each size, and the reckoning takes the largest. On CPUs host and device are the same memory; the
reckoning says what is whose on a machine with GPUs. Activations of a real micro batch come on top of a step.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import yaml

from manifests.schema.model import ModelSettings
from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.processes import ended
from trainer.checkpoint.checkpoint import Progress, newest
from trainer.checkpoint.saving import save
from trainer.data.batch import make_batch
from trainer.distributed import join_process_group, storage_ranks
from trainer.engine import TrainingEngine
from trainer.engine_state import StateSource
from trainer.export import safetensors_files
from trainer.forward_pass import ForwardPass
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights

VOCABULARY = 32_768
SIZES: dict[str, dict[str, int]] = {
    "tiny": {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "heads": 1, "head_size": 16, "d_ff": 32},
    "50 M": {"d_model": 512, "encoder_layers": 2, "decoder_layers": 6, "heads": 8, "head_size": 64, "d_ff": 1536},
    "200 M": {"d_model": 1024, "encoder_layers": 3, "decoder_layers": 9, "heads": 16, "head_size": 64, "d_ff": 2560},
    "260 M": {"d_model": 1280, "encoder_layers": 3, "decoder_layers": 8, "heads": 20, "head_size": 64, "d_ff": 3456},
    "1.3 B": {"d_model": 2048, "encoder_layers": 6, "decoder_layers": 18, "heads": 16, "head_size": 128, "d_ff": 5440},
}  # fmt: skip
LARGE_VOCABULARY = 250_368
DEVICE, HOST = 80, 512
"""GB of a GPU, and of a host."""
PHASES = ("start", "step", "save", "resume", "export")


def held(phase: str, zero: int, precision: str, ranks: int) -> float:
    """Bytes a parameter that a process holds at the peak of a phase: weights in the training precision (whole under
    ZeRO 1 and 2, where they lie twice while DeepSpeed makes them one block), float32 weights, moments and gradients, a
    copy of the gradients in the update, and a copy of its part of float32 weights and moments while it saves."""
    if phase == "export":
        return 0.0
    low = 2 if precision == "bf16" else 4
    master = 0 if zero == 0 or (zero == 3 and precision == "fp32") else 4
    made = phase in ("start", "resume")
    weights = {0: low, 1: 2 * low if made else low, 2: 2 * low if made else low, 3: low / ranks}[zero]
    parts = ranks if zero else 1
    gradients = (4 if zero == 3 or not made else 0) / (ranks if zero >= 2 else 1)
    update = 4 / ranks if phase == "step" and zero else 0.0
    return weights + (master + 8) / parts + gradients + update + (12 / ranks if phase == "save" else 0.0)


def sizes_of(settings: ModelSettings, vocabulary: int) -> tuple[int, int]:
    """Parameters, and elements of the largest one."""
    with torch.device("meta"):
        numels = [one.numel() for one in EncoderDecoder(settings, vocabulary).parameters()]
    return sum(numels), max(numels)


class Peaks:
    """The kernel's peak of this process's resident memory, phase by phase."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}

    def begin(self) -> None:
        """Lets the peak be what is resident now."""
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")

    def end(self, phase: str) -> None:
        """Notes the peak since ``begin``."""
        line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM"))
        self.bytes[phase] = 1024 * int(line.split()[1])


def made(size: str, zero: int, precision: str, source: StateSource | None = None) -> TrainingEngine:
    """An engine with a model of a size."""
    settings = ModelSettings.model_validate(SIZES[size])
    with torch.device("meta"):
        model = EncoderDecoder(settings, VOCABULARY, recompute=True)
    train = TrainSettings.model_validate({"zero": zero, "precision": precision})
    return TrainingEngine(model, train, Optimizer(), source or InitialWeights(model, settings, seed=0))


def train(size: str, zero: int, precision: str, folder: Path, peaks: Peaks) -> None:
    """A start, a step and a save."""
    peaks.begin()
    engine = made(size, zero, precision)
    peaks.end("start")
    peaks.begin()
    tokens = np.arange(16, dtype=np.int64).reshape(1, 16)
    engine.step([ForwardPass(make_batch(tokens, tokens, pad=0))], 1e-4, Optimizer())
    peaks.end("step")
    peaks.begin()
    progress = Progress(
        step=1, updates=1, stages_begun=1, tokens_by_set={}, journal_events=0, curriculum="{}", shards=""
    )
    save(folder, progress, engine.state(), 1, None, storage_ranks())
    peaks.end("save")


def resume(size: str, zero: int, precision: str, folder: Path, peaks: Peaks) -> None:
    """An engine from the checkpoint."""
    peaks.begin()
    found = newest(folder, storage_ranks())
    assert found is not None
    made(size, zero, precision, found.open())
    peaks.end("resume")


def export(size: str, folder: Path, peaks: Peaks) -> None:
    """The checkpoint's weights in one folder."""
    peaks.begin()
    found = newest(folder)
    assert found is not None
    reader = found.open()
    with torch.device("meta"):
        model = EncoderDecoder(ModelSettings.model_validate(SIZES[size]), VOCABULARY)
    shapes = {name: one.shape for name, one in model.named_parameters()}
    read = lambda name: reader.read(name, 0, shapes[name].numel()).view(shapes[name])  # noqa: E731
    safetensors_files.write(folder / "export", shapes, read)
    peaks.end("export")


def worker(size: str, part: str, zero: int, precision: str, folder: Path) -> dict[str, int]:
    """One process of a group, which does a part: its peak bytes by phase."""
    torch.set_num_threads(1)
    join_process_group()
    made("tiny", zero, precision).close()  # what is made once
    peaks = Peaks()
    peaks.begin()
    peaks.end("base")
    if part == "export":
        export(size, folder, peaks)
    else:
        {"train": train, "resume": resume}[part](size, zero, precision, folder, peaks)
    return peaks.bytes


def measured(size: str, zero: int, precision: str, processes: int) -> dict[str, int]:
    """Peak bytes by phase, of the process that takes most in each."""
    peaks = dict.fromkeys(("base", *PHASES), 0)
    with tempfile.TemporaryDirectory(prefix="host-memory-") as folder:
        for part in ("train", "resume", "export"):
            words = [
                "--one",
                size,
                "--part",
                part,
                "--folder",
                folder,
                "--zero",
                str(zero),
                "--precision",
                precision,
            ]
            line = [sys.executable, "-W", "ignore", "-m", "benchmarks.host_memory", *words]
            for process in ended([line] * (1 if part == "export" else processes)):
                if process.returncode:
                    raise SystemExit(process.stderr)
                for phase, peak in json.loads(process.stdout.splitlines()[-1]).items():
                    peaks[phase] = max(peaks[phase], peak)
    return peaks


def fit(sizes: Sequence[str], zero: int, precision: str, processes: int) -> tuple[float, dict[str, float]]:
    """Prints what was measured beside the formula. The base, and by phase the bytes an element of the largest
    parameter, the largest found."""
    base, rests = 0.0, dict.fromkeys(PHASES, 0.0)
    for size in sizes:
        parameters, largest = sizes_of(ModelSettings.model_validate(SIZES[size]), VOCABULARY)
        found = measured(size, zero, precision, processes)
        base = max(base, found["base"])
        print(
            f"{size}: {parameters / 1e6:.1f} M parameters, the largest of {largest / 1e6:.1f} M; base {found['base'] / 1e9:.2f} GB"
        )
        for phase in PHASES:
            own = held(phase, zero, precision, processes) * parameters
            rest = (found[phase] - found["base"] - own) / largest
            rests[phase] = max(rests[phase], rest)
            print(
                f"  {phase:<7} {found[phase] / 1e9:6.2f} GB = base + {own / parameters:5.2f} * parameters + "
                f"{rest:5.1f} * largest",
                flush=True,
            )
    return base, rests


def reckon(
    preset: str, zero: int, precision: str, ranks: int, per_host: int, fitted: tuple[float, dict[str, float]]
) -> None:
    """Prints a process's peaks for a preset's model, and what of them is a host's where there are GPUs."""
    base, rests = fitted
    file = Path(__file__).parents[1] / "manifests" / "presets" / preset / "curriculum.yaml"
    settings = ModelSettings.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))["model"])
    parameters, largest = sizes_of(settings, LARGE_VOCABULARY)
    print(
        f"{preset}: {parameters / 1e9:.2f} G parameters, the largest of {largest / 1e9:.2f} G, on {ranks} processes"
    )
    devices, hosts = [], []
    for phase in PHASES:
        own = held(phase, zero, precision, ranks) * parameters
        total = base + own + rests[phase] * largest
        copy = 12 / ranks * parameters if phase == "save" else 0.0
        hosts.append(total if phase == "export" else per_host * (base + copy))
        devices.append(0.0 if phase == "export" else total - base - copy)
        print(
            f"  {phase:<7} {total / 1e9:6.1f} GB a process on CPUs; with GPUs {devices[-1] / 1e9:5.1f} GB of each, "
            f"and {hosts[-1] / 1e9:6.1f} GB of a host with {per_host}"
        )
    print(
        f"at most {max(devices) / 1e9:.1f} of {DEVICE} GB of a GPU, {max(hosts) / 1e9:.1f} of {HOST} GB of a host"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=4, help="of the measurement")
    parser.add_argument(
        "--sizes", nargs="+", default=["50 M", "200 M"], choices=list(SIZES)[1:], help="of the models"
    )
    parser.add_argument("--zero", type=int, default=3, choices=range(4))
    parser.add_argument("--precision", default="bf16", choices=("bf16", "fp32"))
    parser.add_argument("--for", dest="preset", default="openba-15b", help="the preset to reckon for")
    parser.add_argument("--ranks", type=int, default=64)
    parser.add_argument("--per-host", type=int, default=8)
    parser.add_argument("--one", choices=SIZES, help=argparse.SUPPRESS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(worker(options.one, options.part, options.zero, options.precision, options.folder)))
        return 0
    fitted = fit(options.sizes, options.zero, options.precision, options.processes)
    reckon(options.preset, options.zero, options.precision, options.ranks, options.per_host, fitted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
