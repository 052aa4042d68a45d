"""The line of a step, and the warnings behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.schema.base import load
from manifests.schema.steps import StepManifest
from openba.cli import corpus
from pipeline.runtime.run import StepOutcome
from tests.manifests.small_run import build_corpus


@pytest.mark.parametrize(("most", "warnings"), [(1, 1), (0, 0)])
def test_a_few_warnings_are_printed_and_where_the_others_are(
    tmp_path: Path,
    most: int,
    warnings: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build_corpus(tmp_path)
    monkeypatch.setattr(corpus, "MOST_WARNINGS", most)
    manifest = load(tmp_path / "quality" / "manifest.json", StepManifest)
    corpus._line(tmp_path, "quality", StepOutcome(manifest, worked=True, seconds=1.0))
    first, *others = capsys.readouterr().out.splitlines()
    assert first.split() == ["quality", "13", "in", "12", "kept", "1", "rejected", "1.0", "s"]
    assert sum(line.startswith("  warning: few_han drops 16.7 % of") for line in others) == warnings
    more = [f"  and 1 more: `openba report {tmp_path}` shows them"]
    assert others[warnings:] == (more if not warnings else [])
