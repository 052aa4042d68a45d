"""Hostile input for every reader and kernel: the same examples each time; `make fuzz` goes on from here."""

from __future__ import annotations

import faulthandler
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import fuzz_at_random, turn
from benchmarks.fuzz_inputs import changed, seeds
from benchmarks.fuzz_targets import TARGETS

# What reads a model hands all to a library's own code, which ends the process where a file is damaged.
NATIVE = {"fasttext_model"}


@pytest.mark.parametrize("name", sorted(TARGETS.keys() - NATIVE))
@settings(max_examples=25)
@given(st.integers(0, 1 << 32))
def test_no_input_leads_to_an_error_that_is_not_for_the_user(name: str, seed: int) -> None:
    draw = random.Random(seed)
    TARGETS[name](changed(draw.choice(seeds(name)), draw))


@pytest.mark.parametrize("name", sorted(TARGETS.keys() - NATIVE))
@pytest.mark.parametrize("data", [b"", b"\0", b"\n", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\f" * 9])
def test_the_least_inputs(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_what_fails_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes) -> None:
        assert len(data) < 2_000, "too long"

    monkeypatch.setitem(TARGETS, "addresses", fail)
    waiting = []  # a timer that is left ends whatever the process does next
    monkeypatch.setattr(faulthandler, "dump_traceback_later", lambda *_, **__: waiting.append(1))
    monkeypatch.setattr(faulthandler, "cancel_dump_traceback_later", waiting.clear)
    with pytest.raises(AssertionError, match="too long"):
        fuzz_at_random("addresses", 60, tmp_path, seed=1)
    assert not waiting
    assert len((tmp_path / "last" / "addresses").read_bytes()) >= 2_000


def test_a_turn_that_fails_leaves_its_input_among_the_findings(tmp_path: Path) -> None:
    (tmp_path / "last").mkdir()
    (tmp_path / "last" / "no-such-target").write_bytes(b"input")
    error = turn("no-such-target", 0, tmp_path, 1)
    assert error is not None
    assert "KeyError: 'no-such-target'" in error
    (found,) = (tmp_path / "findings" / "no-such-target").glob("*.txt")
    assert found.with_suffix("").read_bytes() == b"input"
