"""The process group: made from what torchrun, DeepSpeed or Ray set in the environment, or of this process
alone."""

from __future__ import annotations

import atexit
import os

import torch
import torch.distributed as dist


def device() -> torch.device:
    """The device of this process: its GPU where there is one, else the CPU."""
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )


def join_process_group() -> None:
    """Joins the other processes until this one ends. A group that somebody else made (Ray does) is used and
    left alone.

    It is not left earlier, because DeepSpeed remembers the first group for as long as the process lives.
    """
    if dist.is_initialized():
        return
    backend = "nccl" if device().type == "cuda" else "gloo"
    if "RANK" in os.environ:
        dist.init_process_group(backend)
    else:
        os.environ.setdefault("LOCAL_RANK", "0")  # DeepSpeed asks for it even in a group of one
        dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
    atexit.register(dist.destroy_process_group)


def add_over_ranks(values: list[float]) -> list[float]:
    """Each value's sum over all processes, in float64; every process gets the same."""
    total = torch.tensor(values, dtype=torch.float64, device=device())
    dist.all_reduce(total)
    return total.tolist()
