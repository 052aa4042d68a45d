"""Settings of the processor that decide both a run's speed and its bits."""

from __future__ import annotations

import torch


def prepare_processor(threads: int) -> None:
    """Fixes the number of threads, on which the order of sums depends, and rounds denormal numbers to zero.

    Moments of embedding rows that are seldom used, and probabilities of pieces that are never right, decay below 1e-38; on the CPU such
    numbers made a step of the demo a third slower.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
