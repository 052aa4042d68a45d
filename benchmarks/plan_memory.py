"""What the processes of a training hold, beside what `openba plan` says that they do.

    python -m benchmarks.plan_memory --processes 2 4

Real processes (gloo, CPU) make a model of each size at each ZeRO stage and precision and take a step of three micro
batches. Between the passes and before the update every tensor that is alive is looked at: the storages of the model's
parameters are its weights; those of DeepSpeed's float32 weights and of the moments are the optimizer's; parameters'
gradients, and what DeepSpeed adds them up in, are the gradients, counted when they are most; a bucket has its size in
the settings. Activations are what autograd saves for the backward pass of a batch, by its own hooks.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from curriculum.plan.activation_memory import saved_bytes
from curriculum.plan.parameters import parameters
from curriculum.plan.state_memory import state_memory
from curriculum.zero import BUCKET
from manifests.schema.model import ModelSettings
from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.processes import ended, modules
from trainer.data.batch import Batch, make_batch
from trainer.distributed import join_process_group
from trainer.engine import TrainingEngine
from trainer.forward_pass import ForwardPass
from trainer.model.transformer import EncoderDecoder
from trainer.model.weight_init import InitialWeights

VOCABULARY = 4096
SIZES: dict[str, dict[str, Any]] = {
    "3 M": {"d_model": 192, "encoder_layers": 1, "decoder_layers": 3, "heads": 4, "head_size": 48, "d_ff": 768},
    "14 M": {"d_model": 384, "encoder_layers": 2, "decoder_layers": 4, "heads": 6, "head_size": 64, "d_ff": 1536},
}  # fmt: skip
STATES = ((0, "fp32"), (1, "fp32"), (2, "fp32"), (3, "fp32"), (2, "bf16"), (3, "bf16"))
GLOO_THREADS = 4
KINDS = ("weights", "gradients", "optimizer")
WITHIN = 0.05


def settings_of(size: str, **changes: Any) -> ModelSettings:
    """A model of a size, without dropout: its masks are not kept on a GPU as they are on a CPU."""
    return ModelSettings.model_validate(SIZES[size] | {"dropout": 0.0} | changes)


def batch(rows: int, source: int, target: int) -> Batch:
    """Rows of made-up tokens, each of them real."""
    tokens = np.arange(rows * max(source, target), dtype=np.int64).reshape(rows, -1) % 4000 + 3
    return make_batch(tokens[:, :source], tokens[:, :target], pad=0)


def _storages(tensors: Iterable[Any]) -> dict[int, int]:
    """Bytes by the address of each storage."""
    found = [one.untyped_storage() for one in tensors if isinstance(one, Tensor) and not one.is_meta]
    return {storage.data_ptr(): storage.nbytes() for storage in found if storage.nbytes()}


def held_bytes(engine: TrainingEngine) -> dict[str, int]:
    """What is alive of each kind, since ``gc.freeze``."""
    model = list(engine.module.parameters())
    weights = _storages([*model, *(getattr(one, "ds_tensor", None) for one in model)])
    optimizer = _storages(piece.values for held in engine.held() for piece in held)
    with_gradients = [one.grad for one in model]
    alive = _storages([*filter(torch.is_tensor, gc.get_objects()), *with_gradients])
    known = weights.keys() | optimizer.keys()
    rest = {address: size for address, size in alive.items() if address not in known and size > 1000}
    gradients = sum(size for size in rest.values() if size != 4 * BUCKET)
    own = {address: size for address, size in optimizer.items() if address not in weights}
    return dict(zip(KINDS, (sum(weights.values()), gradients, sum(own.values())), strict=True))


def measured(size: str, zero: int, precision: str) -> dict[str, int]:
    """The most that this process holds of each kind, in a step of three micro batches."""
    gc.collect()
    work = [ForwardPass(batch(2, 12, 10)) for _ in range(3)]
    gc.freeze()  # what was there before is no more looked at
    settings = settings_of(size)
    with torch.device("meta"):
        model = EncoderDecoder(settings, VOCABULARY, recompute=True)
    train = TrainSettings.model_validate({"zero": zero, "precision": precision})
    most = dict.fromkeys(KINDS, 0)

    def look() -> None:
        for _ in range(GLOO_THREADS):
            dist.barrier()  # a thread that has yet to let go of what it added up does so before the next
        for kind, found in held_bytes(engine).items():
            most[kind] = max(most[kind], found)

    def watched(call: Any, *given: Any, first: bool, **named: Any) -> Any:
        if first:
            look()
        result = call(*given, **named)
        if not first:
            look()
        return result

    with closing(
        TrainingEngine(model, train, Optimizer(), InitialWeights(model, settings, seed=0))
    ) as engine:
        engine._engine.backward = partial(watched, engine._engine.backward, first=False)
        engine._update = partial(watched, engine._update, first=True)  # type: ignore[method-assign]
        engine.step(work, 1e-4, Optimizer())
        del engine._engine.backward
    return most


def saved_by_autograd(size: str, rows: int, source: int, target: int, *, recompute: bool, norm: str) -> int:
    """Bytes that a pass of a model saves for its backward pass, but for its weights."""
    settings = settings_of(size, norm=norm)
    model = EncoderDecoder(settings, VOCABULARY, recompute=recompute)
    weights = _storages([*model.parameters(), *(one.detach().t() for one in model.parameters())])
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        saved.update(_storages([tensor]))
        kept.append(tensor)
        return tensor

    kept: list[Tensor] = []
    inputs = batch(rows, source, target).inputs()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(**inputs)
    return sum(bytes_ for address, bytes_ in saved.items() if address not in weights)


def states(processes: int) -> Iterable[tuple[str, int, int]]:
    """What was compared, measured and by the formula, in bytes, of all sizes and ZeRO stages."""
    found = ended(modules("benchmarks.plan_memory", "--worker", world_size=processes))
    for process in found:
        if process.returncode:
            raise SystemExit(process.stderr)
    told = [json.loads(process.stdout.splitlines()[-1]) for process in found]
    for index, (size, zero, precision) in enumerate(_cases()):
        train = TrainSettings.model_validate({"zero": zero, "precision": precision})
        said = asdict(state_memory(parameters(settings_of(size), VOCABULARY), train, processes))
        for kind in KINDS:
            name = f"{size}, {processes} processes, ZeRO {zero}, {precision}: {kind}"
            yield name, max(one[index][kind] for one in told), said[kind]


def _cases() -> list[tuple[str, int, str]]:
    return [(size, *state) for size in SIZES for state in STATES]


def activations(size: str) -> Iterable[tuple[str, int, int]]:
    """The same for activations."""
    for norm in ("sandwich", "pre"):
        for recompute in (False, True):
            rows, source, target = 4, 64, 48
            found = saved_by_autograd(size, rows, source, target, recompute=recompute, norm=norm)
            said = saved_bytes(
                settings_of(size, norm=norm), VOCABULARY, rows * source, rows * target, recompute, "fp32"
            )
            yield f"{size}, {norm}, {'recomputed' if recompute else 'kept'}: activations", found, said


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, nargs="+", default=[2], help="numbers of processes")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.worker:
        join_process_group()
        print(json.dumps([measured(*case) for case in _cases()]))
        return 0
    worst = 0.0
    compared = chain(
        chain.from_iterable(map(activations, SIZES)), chain.from_iterable(map(states, options.processes))
    )
    for name, found, said in compared:
        worst = max(worst, abs(said / found - 1))
        figures = f"{found / 1e6:8.2f} MB measured {said / 1e6:8.2f} MB planned {said / found - 1:+.1%}"
        print(f"{name:<58} {figures}", flush=True)
    print(f"at most {worst:.1%} apart")
    return int(worst > WITHIN)


if __name__ == "__main__":
    sys.exit(main())
