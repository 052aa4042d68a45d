"""CPU settings that decide both a run's speed and its bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from manifests.malloc_settings import kept_memory


@contextmanager
def deterministic_cpu(threads: int) -> Iterator[None]:
    """While the block runs, the number of threads is fixed, on which the order of sums depends, and denormal
    numbers are rounded to zero.

    Moments of embedding rows that are seldom used, and probabilities of pieces that are never right, decay
    below 1e-38; on the CPU such numbers made a step of the demo a third slower. Freed memory is kept.
    After the block all settings are as before.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    try:
        with kept_memory():
            yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
