"""Progress: a bar on a terminal, else a line every ten seconds, and nothing in a library."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import pytest

from openba.cli.options import set_verbosity
from pipeline.runtime.meter import PROGRESS, LogLines, meter
from pipeline.runtime.progress import INTERVAL, progress
from pipeline.runtime.receipts import write_receipt


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def untouched() -> None:
    """The logger as a program finds it that only imports us."""
    PROGRESS.handlers, PROGRESS.propagate = [], True
    PROGRESS.setLevel(logging.NOTSET)


def test_a_line_comes_when_ten_seconds_have_passed(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([100.0, 101.0, 109.9, 110.0, 119.0, 125.5])
    lines = LogLines("dedup: keys", 1200, "part", clock=lambda: next(times))
    with caplog.at_level(logging.INFO, PROGRESS.name):
        for done in (1, 300, 450, 700, 1100):
            lines.show(done)
    assert caplog.messages == [
        "dedup: keys: 450 of 1,200 parts, 10 s",
        "dedup: keys: 1,100 of 1,200 parts, 26 s",
    ]


def test_work_of_unknown_size_shows_the_time(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 30.2])
    with caplog.at_level(logging.INFO, PROGRESS.name):
        LogLines("dedup: pairs", 0, "part", clock=lambda: next(times)).show(0)
    assert caplog.messages == ["dedup: pairs: 30 s"]


@pytest.mark.parametrize(("quiet", "shown"), [(False, True), (True, False)])
def test_a_terminal_has_a_bar_unless_it_is_to_be_quiet(
    quiet: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    set_verbosity(verbose=False, quiet=quiet)
    with meter("assets", 8, "package") as bar:
        bar.show(5)
    assert ("5/8" in terminal.getvalue()) is shown


def test_a_library_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with meter("assets", 8, "package") as bar:
        bar.show(5)
    assert terminal.getvalue() == ""


def test_progress_counts_the_receipts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real time passes only until the first look at the folder."""
    shown: list[int] = []
    monkeypatch.setattr("pipeline.runtime.progress.INTERVAL", INTERVAL / 100)
    write_receipt(tmp_path, "part-00001", "f", {})
    monkeypatch.setattr(LogLines, "show", lambda self, done: shown.append(done))
    with progress("privacy", tmp_path, ["part-00000", "part-00001"]):
        while not shown:
            pass
    assert set(shown) == {1}
