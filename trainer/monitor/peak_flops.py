"""The device's peak: the speed of a square matrix product, against which MFU is measured."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

SIZE = {"cpu": 1024, "cuda": 8192}
SECONDS = 1.0


def matmul_peak_flops(dtype: torch.dtype, threads: int, device: torch.device | str = "cpu") -> float:
    """GFLOP/s of the fastest of about a second's products of two square matrices, on ``threads`` threads (of
    the CPU).

    The fastest, because whatever else the machine does can only slow a product down. On one thread of the
    CPU seconds are those of the processor, so that sharing it with others does not lower the peak; otherwise
    those of the clock. On a CPU the peak of bfloat16 is that of float32 where this is faster, whichever way
    the model goes.
    """
    device = torch.device(device)
    clock = time.process_time if device.type == "cpu" and threads == 1 else time.perf_counter
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        exact = torch.randn(2, SIZE[device.type], SIZE[device.type], device=device)
        sides = [exact.to(dtype), exact] if device.type == "cpu" else [exact.to(dtype)]
        times = [_seconds(clock, *side) for side in sides]  # the first products set up what the others find
        times = [_seconds(clock, *side) for side in sides]
        while sum(times) < SECONDS:
            times += [_seconds(clock, *side) for side in sides]
    finally:
        torch.set_num_threads(before)
    return 2 * SIZE[device.type] ** 3 / min(times) / 1e9


def _seconds(clock: Callable[[], float], a: torch.Tensor, b: torch.Tensor) -> float:
    started = clock()
    a @ b
    if a.device.type == "cuda":
        torch.cuda.synchronize(a.device)
    return clock() - started
