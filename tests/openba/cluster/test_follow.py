"""A job is followed to its end, through broken connections, and its exit code is ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from manifests.errors import UserError
from openba.cluster.follow import follow
from openba.cluster.jobs import JobState

LOG = "node 10.0.0.1, 2 CPUs: storage seen\ningest: 3 of 10 parts, 20 s\ningest 120 in\n"
BROKEN = "\0"


@dataclass
class Script:
    """A cluster that plays the logs of one connection after another; ``BROKEN`` breaks it."""

    connections: list[Sequence[str]]
    end: JobState
    asked: list[str] = field(default_factory=list)

    def state(self, job: str) -> JobState:
        self.asked.append(job)
        return JobState("RUNNING", False, None, "") if self.connections else self.end

    async def log(self, job: str) -> AsyncIterator[str]:
        for piece in self.connections.pop(0):
            if piece == BROKEN:
                raise RuntimeError("WebSocket connection closed unexpectedly")
            yield piece


def ended(code: int | None, status: str = "FAILED", message: str = "") -> JobState:
    return JobState(status, True, code, message)


@pytest.mark.parametrize("code", [0, 3, 143])
def test_every_line_comes_once_and_the_code_is_the_jobs(
    code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio, "sleep", _at_once)
    script = Script([[LOG[:40], LOG[40:50], BROKEN], [LOG[:20], BROKEN], [LOG[:60], LOG[60:]]], ended(code))
    assert follow(script, "corpus-1") == code
    assert capsys.readouterr().out == LOG


async def _at_once(_: float) -> None:
    """Waits for nothing."""


def test_a_job_that_never_ran_says_why() -> None:
    with pytest.raises(UserError) as caught:
        follow(Script([[]], ended(None, "FAILED", "runtime_env setup failed")), "corpus-1")
    assert str(caught.value) == "corpus-1: the job ended as FAILED (runtime_env setup failed)"


def test_a_log_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "sleep", _at_once)
    with pytest.raises(UserError, match="its log cannot be followed; it goes on; attach to it again"):
        follow(Script([[BROKEN]] * 9, ended(0)), "corpus-1")


def test_a_controls_of_a_terminal_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert follow(Script([["a\x1b[2Jb\n"]], ended(0)), "corpus-1") == 0
    assert capsys.readouterr().out == "a\\x1b[2Jb\n"
