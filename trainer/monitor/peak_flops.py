"""The device's peak: the speed of a square matrix product, against which MFU is measured."""

from __future__ import annotations

import time

import torch

SIZE = {"cpu": 1024, "cuda": 8192}
SECONDS = 1.0


def matmul_peak_flops(dtype: torch.dtype, threads: int, device: torch.device | str = "cpu") -> float:
    """GFLOP/s of the fastest of about a second's products of two square matrices, on ``threads`` threads (of
    the CPU).

    The fastest, because whatever else the machine does can only slow a product down. On a CPU the peak of
    bfloat16 is that of float32 where this is faster, whichever way the model goes.
    """
    device = torch.device(device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        exact = torch.randn(2, SIZE[device.type], SIZE[device.type], device=device)
        sides = [exact.to(dtype), exact] if device.type == "cpu" else [exact.to(dtype)]
        times = [_seconds(*side) for side in sides]  # the first products set up what the others find
        times = [_seconds(*side) for side in sides]
        while sum(times) < SECONDS:
            times += [_seconds(*side) for side in sides]
    finally:
        torch.set_num_threads(before)
    return 2 * SIZE[device.type] ** 3 / min(times) / 1e9


def _seconds(a: torch.Tensor, b: torch.Tensor) -> float:
    started = time.perf_counter()
    a @ b
    if a.device.type == "cuda":
        torch.cuda.synchronize(a.device)
    return time.perf_counter() - started
