"""What a training step costs on this device, in a few minutes: tokens a second, MFU, launches, waits, memory.

    python -m benchmarks.device_step [--size toy|60m|1b|3b] [--precision bf16] [--seconds 60] [--out step.json]

One process, its GPU or else its CPU, the engine and the model as ``openba train`` runs them. Samples are chunks
of 512 random ids under the released seven denoisers, packed to micro batches of --micro-batch tokens; four are a
step. After two steps that are not counted, steps are timed from one synchronisation to the next. Tokens are
those of the encoder and of the decoder together.

Launches and waits are told by torch's profiler, of a pass (forward and backward of one micro batch): those of
a step of two passes without those of a step of one. On a GPU launches are kernels, and waits are calls in which
the host waits for it (synchronisations, and copies that go not beside its work). On a CPU launches are the
operators that call no others, which says what a GPU would be told, and waits are the operators at which one
would be waited for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from curriculum.flops import step_flops
from manifests.schema.model import ModelSettings
from manifests.schema.objectives import UL2Objective
from manifests.schema.optimization import Optimizer
from manifests.schema.shards import Vocabulary
from manifests.schema.steps import File
from manifests.schema.train_settings import TrainSettings
from trainer.data.batch import Batch
from trainer.data.joined_batch import join
from trainer.determinism import deterministic_cpu
from trainer.distributed import device, join_process_group
from trainer.engine import TrainingEngine
from trainer.forward_pass import ForwardPass
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights
from trainer.monitor.peak_flops import matmul_peak_flops
from trainer.monitor.peak_memory import peak_memory
from trainer.objectives import build

KEYS = ("d_model", "encoder_layers", "decoder_layers", "heads", "head_size", "d_ff")
SIZES = {
    "toy": ((64, 1, 2, 2, 32, 256), 512),
    "60m": ((512, 4, 8, 8, 64, 2048), 16_384),
    "1b": ((2048, 4, 12, 16, 128, 8192), 250_368),
    "3b": ((2560, 6, 18, 20, 128, 10_240), 250_368),
}
"""Model and rows of vocabulary."""
CHUNK = 512
PASSES = 4
WAITS = (
    "cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize", "cudaMemcpy",
    "aten::_local_scalar_dense", "aten::nonzero",
)  # fmt: skip
LAUNCHES = ("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cuLaunchKernelEx")


def vocabulary(rows: int) -> Vocabulary:
    """One of so many rows, with sentinels for the denoisers."""
    nothing = File(path="none.model", sha256="0" * 64, bytes=1)
    return Vocabulary(model=nothing, pieces=rows - 112, size=rows - 9, padded=rows)


def micro_batches(count: int, tokens: int, words: Vocabulary) -> list[Batch]:
    """Chunks of random ids, as many as have room, dealt out to the denoisers in turn."""
    objective = build(UL2Objective(kind="ul2", chunk=CHUNK, preset="openba-released"), words)
    chunks = max(1, tokens // (CHUNK + CHUNK // 4))
    random, found = np.random.default_rng(0), []
    for _ in range(count):
        rows = random.integers(3, words.pieces, (chunks, CHUNK), dtype=np.uint32)
        seeds = random.integers(2**63, size=chunks).astype(np.uint64)
        turns = [np.arange(first, chunks, 7) for first in range(min(7, chunks))]
        batches = [objective.apply(rows[turn], index, seeds[turn]) for index, turn in enumerate(turns)]
        joined = join(batches)
        found.append(
            Batch(**vars(joined) | {"dropout_seeds": np.concatenate([seeds[turn] for turn in turns])})
        )
    return found


def counted(engine: TrainingEngine, work: Sequence[ForwardPass]) -> Counter[str]:
    """Launches and waits of a step."""
    on_gpu = device().type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities, acc_events=True) as told:
        engine.step(work, 1e-4, Optimizer())
        synchronise()
    events = told.events()
    launched = [
        event
        for event in events
        if (event.name in LAUNCHES if on_gpu else event.name.startswith("aten::") and not event.cpu_children)
    ]
    waits = [event for event in events if event.name in (WAITS[:4] if on_gpu else WAITS[4:])]
    return Counter(launches=len(launched), waits=len(waits))


def synchronise() -> None:
    """Waits for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(engine: TrainingEngine, work: Sequence[ForwardPass], seconds: float) -> list[float]:
    """Seconds of each step, for about so many seconds and three steps at least; two before do not count."""
    found: list[float] = []
    for step in range(10**6):
        began = time.perf_counter()
        engine.step(work, 1e-4, Optimizer())
        synchronise()
        if step >= 2:
            found.append(time.perf_counter() - began)
        if len(found) >= 3 and sum(found) >= seconds:
            break
    return found


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Everything of one size."""
    sizes, rows = SIZES[options.size]
    settings = ModelSettings.model_validate(
        dict(zip(KEYS, sizes, strict=True)) | {"dropout": options.dropout}
    )
    train = TrainSettings.model_validate(
        {"precision": options.precision, "recompute": options.recompute, "threads": options.threads}
    )
    with torch.device("meta"):
        model = EncoderDecoder(settings, rows, recompute=train.recompute)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    weights = InitialWeights(model, settings, seed=0)
    batches = micro_batches(PASSES, options.micro_batch, vocabulary(rows))
    work = [ForwardPass(batch) for batch in batches]
    with closing(TrainingEngine(model, train, Optimizer(), weights)) as engine:
        steps = timed(engine, work, options.seconds)
        memory = peak_memory()
        one, two = counted(engine, work[:1]), counted(engine, work[:1] * 2)
    peak = 1e9 * matmul_peak_flops(
        torch.bfloat16 if options.precision == "bf16" else torch.float32, options.threads, device()
    )
    flops = sum(step_flops(settings, rows, *batch.lengths) for batch in batches)
    tokens, middle = sum(batch.tokens for batch in batches), float(np.median(steps))
    layers = settings.encoder_layers + settings.decoder_layers
    return {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "size": options.size,
        "parameters": parameters,
        "precision": options.precision,
        "steps": len(steps),
        "step_seconds": middle,
        "tokens_per_second": tokens / middle,
        "mfu": flops / middle / peak,
        "peak_flops_per_second": peak,
        "launches_per_layer_and_pass": (two["launches"] - one["launches"]) / layers,
        "waits_per_pass": two["waits"] - one["waits"],
        "waits_per_step_of_one_pass": one["waits"],
        "peak_memory_bytes": memory,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures as JSON; writes them to --out, too."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, default="60m")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--micro-batch", type=int, default=4096, help="tokens")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--recompute", action="store_true")
    parser.add_argument("--seconds", type=float, default=60, help="of timed steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    join_process_group()
    with deterministic_cpu(options.threads):
        text = json.dumps(measured(options), indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
