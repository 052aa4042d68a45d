"""Tasks on Ray: a bounded number at once, tried again where the system failed, and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
import ray
from ray.exceptions import NodeDiedError, RayTaskError, WorkerCrashedError

from manifests.errors import UserError
from pipeline.runtime.engines.retried_tasks import AHEAD, RETRIES, RetriedTasks, Work
from pipeline.runtime.meter import PROGRESS, LogLines, note
from pipeline.runtime.pipeline_error import PipelineError


class Reference:
    """Of a task that has ended already."""

    def __init__(self, outcome: Work | BaseException) -> None:
        self.outcome = outcome

    def future(self) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done


class Watched:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.did: list[Work] = []
        self.tried: list[tuple[int, str]] = []

    def done(self, work: Work) -> None:
        self.did.append(work)

    def again(self, place: int, why: str) -> None:
        self.tried.append((place, why))

    def running(self, since: Sequence[float]) -> None:
        """Nothing takes long here."""


@pytest.fixture
def cancelled(monkeypatch: pytest.MonkeyPatch) -> list[Reference]:
    """Ray, as far as it takes outcomes out of references."""
    found: list[Reference] = []

    def get(reference: Reference) -> Work:
        if isinstance(reference.outcome, BaseException):
            raise reference.outcome
        return reference.outcome

    monkeypatch.setattr(ray, "get", get)
    monkeypatch.setattr(ray, "cancel", lambda reference, force: found.append(reference))
    return found


def run(
    outcome: Callable[[int, int], Work | BaseException], tasks: int, cpus: int = 2
) -> tuple[Watched, list[int], int]:
    """What was watched and handed out, and how many were out at most. ``outcome`` is of a task and its try."""
    watched, out, most = Watched(), list[int](), 0

    def start(task: int) -> Reference:
        nonlocal most
        out.append(task)
        most = max(most, len(out) - len(watched.did) - len(watched.tried))
        return Reference(outcome(task, out.count(task)))

    RetriedTasks(start, lambda: cpus, watched).run(range(tasks))
    return watched, out, most


def test_so_many_are_out_at_once_however_many_there_are(cancelled: list[Reference]) -> None:
    watched, out, most = run(lambda task, _: Work(1.0, 10), 500, cpus=3)
    assert (len(watched.did), sorted(out), most) == (500, list(range(500)), AHEAD * 3)
    assert cancelled == []


def in_a_worker(error: Exception) -> BaseException:
    return RayTaskError("_run_one", "traceback", error).as_instanceof_cause()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (WorkerCrashedError(), "WorkerCrashedError: The worker died unexpectedly"),
        (NodeDiedError("its node is gone"), "NodeDiedError: its node is gone"),
        (in_a_worker(OSError(5, "Input/output error")), "OSError: [Errno 5] Input/output error"),
    ],
)
def test_what_the_system_failed_at_is_tried_again(
    error: BaseException, why: str, cancelled: list[Reference]
) -> None:
    watched, out, _ = run(lambda task, tries: error if task == 3 and tries < 3 else Work(1.0, 0), 6)
    assert [place for place, _ in watched.tried] == [3, 3]
    assert watched.tried[0][1].startswith(why)
    assert (len(watched.did), out.count(3)) == (6, 3)


@pytest.mark.parametrize("error", [UserError("no text"), ValueError("a fault"), KeyError("a fault")])
def test_what_would_come_again_is_raised_at_once(error: Exception, cancelled: list[Reference]) -> None:
    with pytest.raises(type(error)):
        run(lambda task, _: in_a_worker(error) if task == 1 else Work(1.0, 0), 50)
    assert 0 < len(cancelled) < AHEAD * 2, "those that were out are cancelled"


def test_a_part_that_loses_each_worker_is_given_up(cancelled: list[Reference]) -> None:
    with pytest.raises(
        PipelineError, match=r"lost its worker 4 times .* lower --workers or ingest\.part_bytes"
    ):
        run(lambda task, tries: WorkerCrashedError(), 1)
    with pytest.raises(OSError, match="traceback"):
        run(lambda task, tries: in_a_worker(OSError(5, "Input/output error")), 1)
    assert RETRIES == 3


def test_an_engine_adds_to_the_line_of_progress(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 11.0, 22.0])
    lines: Any = LogLines("dedup", 8, "part", clock=lambda: next(times))
    with caplog.at_level(logging.INFO, PROGRESS.name):
        note("20.1 MB/s, 1 again")
        lines.show(4)
        note("")
        lines.show(5)
    assert caplog.messages == ["dedup: 4 of 8 parts, 20.1 MB/s, 1 again, 11 s", "dedup: 5 of 8 parts, 22 s"]
