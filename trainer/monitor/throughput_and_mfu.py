"""How fast a training runs. These are figures of the clock, which differ from run to run: they go to logs,
never to ``metrics.jsonl``."""

from __future__ import annotations

import functools
import time
from collections import deque
from dataclasses import dataclass

import torch

from manifests.schema.train_settings import TrainSettings
from trainer.distributed import add_over_ranks, device
from trainer.monitor.peak_flops import matmul_peak_flops

WINDOW = 50
"""Steps that a rate is measured over: denoisers and lengths differ from step to step."""


@dataclass(frozen=True)
class Work:
    """What some steps took and did, all processes together.

    Attributes:
        seconds: of the clock, in the steps alone: evaluations are not counted, nor is waiting for a
            checkpoint.
        tokens: corpus tokens, as the curriculum counts them.
        flops: floating-point operations of the model (see curriculum.flops).
    """

    seconds: float
    tokens: float
    flops: float

    def __add__(self, other: Work) -> Work:
        return Work(self.seconds + other.seconds, self.tokens + other.tokens, self.flops + other.flops)

    @property
    def tokens_per_second(self) -> float:
        """Corpus tokens a second; 0 where nothing was done."""
        return self.tokens / self.seconds if self.seconds else 0.0

    def utilisation(self, total_peak_flops: float) -> float:
        """Model FLOPs utilisation (MFU; Chowdhery et al. 2022, PaLM, appendix B): the part of
        ``total_peak_flops``, FLOP/s of all processes, that the model's own operations use. What is computed
        twice to save memory does not count."""
        return self.flops / self.seconds / total_peak_flops if self.seconds else 0.0


NOTHING = Work(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Throughput:
    """What callbacks are told beside a step's metrics.

    Attributes:
        elapsed: seconds since training began or was resumed, evaluations and checkpoints included.
        tokens_per_second: corpus tokens a second over the last WINDOW steps.
        mfu: MFU against the measured peak, over the same steps.
        remaining: seconds to the curriculum's end at that speed, evaluations not counted.
    """

    elapsed: float
    tokens_per_second: float
    mfu: float
    remaining: float


class Stopwatch:
    """Times the steps of a training. ``peak_flops`` is in FLOP/s of all processes together, ``total_tokens``
    those of the curriculum."""

    def __init__(self, peak_flops: float, total_tokens: int) -> None:
        self._peak_flops, self._total_tokens = peak_flops, total_tokens
        self._all, self._waited = NOTHING, 0.0
        self._recent: deque[Work] = deque(maxlen=WINDOW)
        self._began = self._started = time.perf_counter()

    def start(self) -> None:
        """A step begins."""
        self._started = time.perf_counter()

    def data_came(self) -> None:
        """What the step reads is ready; it was waited for until now."""
        self._waited += time.perf_counter() - self._started

    def stop(self, tokens: float, flops: float, tokens_so_far: int) -> Throughput:
        """The step has ended, with so many tokens and operations; the run has read ``tokens_so_far``
        tokens."""
        now = time.perf_counter()
        work = Work(now - self._started, tokens, flops)
        self._all += work
        self._recent.append(work)
        recent = sum(self._recent, NOTHING)
        return Throughput(
            elapsed=now - self._began,
            tokens_per_second=recent.tokens_per_second,
            mfu=recent.utilisation(self._peak_flops),
            remaining=max(0, self._total_tokens - tokens_so_far) / recent.tokens_per_second,
        )

    def figures(self) -> dict[str, float]:
        """Of all steps so far, for ``stats.json``; ``seconds`` counts evaluations and checkpoints too,
        ``step_seconds`` does not. ``data_seconds`` of these were spent in waiting for what steps read."""
        return {
            "seconds": time.perf_counter() - self._began,
            "step_seconds": self._all.seconds,
            "data_seconds": self._waited,
            "tokens_per_second": self._all.tokens_per_second,
            "mfu": self._all.utilisation(self._peak_flops),
            "peak_flops_per_second": self._peak_flops,
        }


def total_peak_flops(settings: TrainSettings) -> float:
    """FLOP/s that all processes together reach in matrix products of the training precision, each measured
    while the others are."""
    (total,) = add_over_ranks([_own_peak_flops(settings.precision, settings.threads)])
    return total


@functools.cache
def _own_peak_flops(precision: str, threads: int) -> float:
    return 1e9 * matmul_peak_flops(
        torch.bfloat16 if precision == "bf16" else torch.float32, threads, device()
    )
