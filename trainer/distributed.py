"""The process group: made from what torchrun, DeepSpeed or Ray set in the environment, or of this process
alone."""

from __future__ import annotations

import atexit
import gc
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from signal import SIGINT, SIGTERM
from typing import TypeVar, cast

import torch
import torch.distributed as dist
import torch.distributed.nn.functional  # imported later, when there is a group, it would keep it for ever
from torch._C._distributed_c10d import HashStore

from manifests.errors import UserError
from manifests.stop_signals import StopFlag

LONGEST_WAIT = timedelta(hours=6)
"""How long processes wait for each other before they give up; the only such time of a training. It must cover
what some do alone: hashing shards (1.6 TB for the released recipe, an hour at 450 MB/s in one process) and a
checkpoint. Over gloo a process that dies is noticed at once. DeepSpeed's own groups give up after torch's 10
or 30 minutes: before any work in them all processes meet in this group."""

LONGEST_MEETING = timedelta(minutes=2)
"""How long a new group waits for a process that was there a moment ago. Until it is made, nothing notices
that one has died."""

HELD = "OPENBA_RUN_HELD"
"""An environment variable: who launched the processes holds the run folder for them. The lock of a process
would outlive its host, which others cannot tell."""

T = TypeVar("T")

_LOST = re.compile(r"gloo|by peer|ncclRemoteError", re.IGNORECASE)


class LostProcessError(UserError):
    """Another process of the training ended, and said why."""


@contextmanager
def lost_processes_explained() -> Iterator[None]:
    """Turns the backend's errors about a process that is gone into one line: that process has said what was
    wrong."""
    try:
        yield
    except RuntimeError as error:
        if dist.get_world_size() == 1 or not (isinstance(error, dist.DistError) or _LOST.search(str(error))):
            raise
        raise LostProcessError(
            "another process of this training has ended", fix="see its message, then run the command again"
        ) from None


def device() -> torch.device:
    """The device of this process: its GPU where there is one, else the CPU."""
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )


def join_process_group() -> None:
    """Joins the other processes until this one ends. A group that exists already (Ray makes one) is used and
    left alone.

    It is not left earlier, because DeepSpeed remembers the first group for as long as the process lives.
    """
    if dist.is_initialized():
        return
    backend = "nccl" if device().type == "cuda" else "gloo"
    if "RANK" in os.environ:
        dist.init_process_group(backend, timeout=LONGEST_WAIT)
    else:
        dist.init_process_group(backend, store=HashStore(), rank=0, world_size=1, timeout=LONGEST_WAIT)
    atexit.register(_leave)


def _leave() -> None:
    """Lets go of the groups, and so waits for gloo's threads. One that has yet to release a tensor needs the
    interpreter for that, and would abort the process if there were none any more."""
    dist.destroy_process_group()
    _storage_group.cache_clear()
    gc.collect()


class Ranks:
    """The processes that share work on storage: here one alone, which decides and does everything."""

    rank, size = 0, 1

    def decided(self, decide: Callable[[], T]) -> T:
        """What process 0 finds; every process gets the same.

        Args:
            decide: called in process 0 alone; its result must be picklable.

        Raises:
            UserError: that of process 0, in every process.
        """
        return decide()

    def all_did(self, do: Callable[[], T]) -> list[T]:
        """What each process has found, in order of rank; every process gets the same.

        Args:
            do: called in every process; its result must be picklable.

        Raises:
            UserError: the first of them, in every process, when all are done.
        """
        return [do()]


class _Group(Ranks):
    def __init__(self, group: dist.ProcessGroup, where: torch.device) -> None:
        self._group, self._device = group, where
        self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)

    def decided(self, decide: Callable[[], T]) -> T:
        answer = [_answer(decide) if self.rank == 0 else None]
        dist.broadcast_object_list(answer, group=self._group, device=self._device)
        return cast(T, _raised(answer[0]))

    def all_did(self, do: Callable[[], T]) -> list[T]:
        answers: list[T | UserError | None] = [None] * self.size
        dist.all_gather_object(answers, _answer(do), group=self._group)
        return [cast(T, _raised(answer)) for answer in answers]


def decided_by_rank_0(decide: Callable[[], T]) -> T:
    """What process 0 finds; every process gets the same.

    Whatever is read from storage during a training goes through here, or through ``storage_ranks``: another
    host may see a folder or a file as it was a minute ago, and processes that act on different states compute
    nonsense or wait for ever.

    Args:
        decide: called in process 0 alone; its result must be picklable.

    Raises:
        UserError: that of process 0, in every process.
    """
    return all_ranks().decided(decide)


def all_ranks() -> Ranks:
    """All processes of the training, or this one where there is no process group."""
    group = dist.group.WORLD
    return _Group(group, device()) if group is not None and group.size() > 1 else Ranks()


def storage_ranks() -> Ranks:
    """The same processes in a group of its own, so that they can meet in a thread beside the training. It is
    made at the first call, at which all must meet; it is used by one thread at a time."""
    return _Group(_storage_group(), torch.device("cpu")) if all_ranks().size > 1 else Ranks()


@cache
def _storage_group() -> dist.ProcessGroup:
    return new_gloo_group(LONGEST_WAIT)


def new_gloo_group(wait: timedelta) -> dist.ProcessGroup:
    """One more group of all processes, at which all must meet.

    Args:
        wait: how long they wait for each other in it, once it is made.

    Raises:
        RuntimeError: another process has ended.
    """
    dist.barrier()
    group = cast(dist.ProcessGroup, dist.new_group(backend="gloo", timeout=LONGEST_MEETING))
    dist.distributed_c10d._set_pg_timeout(wait, group)
    return group


def _answer(do: Callable[[], T]) -> T | UserError:
    try:
        return do()
    except UserError as error:
        return error


def _raised(answer: T | UserError) -> T:
    if isinstance(answer, UserError):
        raise answer
    return answer


def signal_of_any_rank(stop: StopFlag) -> int:
    """The number of the signal that some process has got, 0 if none has; every process gets the same. SIGTERM
    comes before SIGINT."""
    terminated, any_signal = add_over_ranks([float(stop.number == SIGTERM), float(stop.requested)])
    return int(SIGTERM) if terminated else int(SIGINT) if any_signal else 0


def add_over_ranks(values: list[float]) -> list[float]:
    """Each value's sum over all processes, in float64; every process gets the same."""
    total = torch.tensor(values, dtype=torch.float64, device=device())
    dist.all_reduce(total)
    return total.tolist()
