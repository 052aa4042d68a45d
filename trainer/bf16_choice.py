"""Which way a training makes its bfloat16 products on a CPU: measured when it begins, then kept."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from manifests.files import write_json
from manifests.schema.base import load
from manifests.schema.model import ModelSettings
from trainer.distributed import decided_by_rank_0, device
from trainer.model.bf16_linear import Linear
from trainer.model.bf16_ways import NATIVE, Bf16Ways, Way, bf16_ways
from trainer.model.masks import attend
from trainer.run import TrainingRun

TOKENS, ROUNDS = 256, 4
WAYS: tuple[Way, ...] = ("native", "widened")


def bf16_choice(run: TrainingRun) -> Bf16Ways:
    """What the run was begun with (``train/bf16.json``), or else what process 0 measures now and notes there.

    Raises:
        ManifestError: the file is not what was written.
    """
    if run.manifest.train.precision != "bf16" or device().type != "cpu":
        return NATIVE
    return decided_by_rank_0(lambda: _kept_or_measured(run))


def inference_choice(run: TrainingRun, dtype: torch.dtype) -> Bf16Ways:
    """For a checkpoint that computes in ``dtype``: as ``bf16_choice``, but nothing is noted.

    Raises:
        ManifestError: see bf16_choice.
    """
    if dtype != torch.bfloat16 or device().type != "cpu":
        return NATIVE
    return decided_by_rank_0(lambda: _kept(run) or _measured(run))


def _kept_or_measured(run: TrainingRun) -> Bf16Ways:
    if kept := _kept(run):
        return kept
    ways = _measured(run)
    run.bf16_file.parent.mkdir(parents=True, exist_ok=True)
    write_json(run.bf16_file, ways.model_dump())
    return ways


def _kept(run: TrainingRun) -> Bf16Ways | None:
    return load(run.bf16_file, Bf16Ways) if run.bf16_file.exists() else None


def _measured(run: TrainingRun) -> Bf16Ways:
    longest = max(max(span.stream.shape.longest) for span in run.curriculum().spans)
    return fastest_ways(run.manifest.model, longest)


def fastest_ways(model: ModelSettings, positions: int) -> Bf16Ways:
    """Measures forward and backward pass of the model's largest layer over TOKENS tokens, and of its
    attention over an example of ``positions``."""
    return Bf16Ways(
        products=_fastest(_linear(model), lambda way: Bf16Ways(products=way)),
        attention=_fastest(_attention(model, positions), lambda way: Bf16Ways(attention=way)),
    )


def _fastest(work: Callable[[], Tensor], ways: Callable[[Way], Bf16Ways]) -> Way:
    """The way of the least CPU time, which other load on the machine hardly changes: the ways take turns, and
    the fastest of a way's rounds counts."""
    seconds = dict.fromkeys(WAYS, float("inf"))
    for _ in range(ROUNDS):
        for way in WAYS:
            with bf16_ways(ways(way)):
                started = time.process_time()
                torch.autograd.backward(work().sum())
                seconds[way] = min(seconds[way], time.process_time() - started)
    return min(WAYS, key=seconds.__getitem__)


def _linear(model: ModelSettings) -> Callable[[], Tensor]:
    layer = Linear(model.d_model, 2 * model.ffn_hidden, bias=False, dtype=torch.bfloat16)
    x = torch.ones(TOKENS, model.d_model, dtype=torch.bfloat16, requires_grad=True)
    return lambda: layer(x)


def _attention(model: ModelSettings, positions: int) -> Callable[[], Tensor]:
    shape = (1, model.heads, positions, model.head_size)
    queries, keys, values = (torch.ones(shape, dtype=torch.bfloat16, requires_grad=True) for _ in range(3))
    return lambda: attend(queries, keys, values, None, causal=False)
