"""The device's peak: the speed of a square matrix product, against which MFU is measured."""

from __future__ import annotations

import time

import torch

from trainer.model.bf16_linear import widened

SIZE = {"cpu": 1024, "cuda": 8192}
SECONDS = 1.0


def matmul_peak_flops(dtype: torch.dtype, threads: int, device: torch.device | str = "cpu") -> float:
    """GFLOP/s of the fastest of about a second's products of two square matrices, on ``threads`` threads (of
    the CPU).

    The fastest, because whatever else the machine does can only slow a product down. Bfloat16 goes the faster
    way, as in the model (see trainer.model.bf16_linear).
    """
    device = torch.device(device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        a, b = torch.randn(2, SIZE[device.type], SIZE[device.type], device=device).to(dtype)
        _seconds(a, b)  # the first product sets up what the others find
        times = [_seconds(a, b)]
        while sum(times) < SECONDS:
            times.append(_seconds(a, b))
    finally:
        torch.set_num_threads(before)
    return 2 * SIZE[device.type] ** 3 / min(times) / 1e9


def _seconds(a: torch.Tensor, b: torch.Tensor) -> float:
    started = time.perf_counter()
    if widened(a):
        (a.float() @ b.float()).to(a.dtype)
    else:
        a @ b
    if a.device.type == "cuda":
        torch.cuda.synchronize(a.device)
    return time.perf_counter() - started
