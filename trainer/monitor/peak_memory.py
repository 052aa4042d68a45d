"""The most memory that this process has had so far."""

from __future__ import annotations

import resource

import torch


def peak_memory() -> dict[str, int]:
    """Bytes: ``host``, resident; and ``device``, in tensors on the GPU, where there is one."""
    found = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
    if torch.cuda.is_available():
        found["device"] = torch.cuda.max_memory_allocated()
    return found
