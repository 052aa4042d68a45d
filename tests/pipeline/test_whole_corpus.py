"""All seven steps on real text: conservation, same bytes whatever happens, verification that finds what was
changed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from benchmarks.kill import durable
from manifests.files import sha256
from manifests.schema.base import load
from manifests.schema.documents import STEPS
from manifests.schema.shards import ShardManifest
from manifests.schema.steps import KEPT, StepManifest
from manifests.verify import verify
from pipeline.__main__ import main
from tests.small import run_corpus, small_corpus

pytestmark = pytest.mark.slow


def manifests(run: Path) -> dict[str, StepManifest]:
    return {step: load(run / step / "manifest.json", StepManifest) for step in STEPS}


def test_documents_are_conserved(small_run: tuple[Path, Path]) -> None:
    steps = manifests(small_run[1])
    for before, after in pairwise(STEPS):
        assert steps[after].documents_in == steps[before].documents_kept
    assert verify(small_run[1]).problems == []


def test_real_text_is_rejected_for_reasons_in_both_languages(small_run: tuple[Path, Path]) -> None:
    reasons = {
        (count.language, count.reason)
        for step, manifest in manifests(small_run[1]).items()
        if step != "shards"
        for count in manifest.counts
        if count.reason != KEPT
    }
    assert {"en", "zh"} <= {language for language, _ in reasons}
    assert ("zh", "exact_duplicate") in reasons
    assert ("", "language") in reasons


def test_the_budget_is_met(small_run: tuple[Path, Path]) -> None:
    shards = load(small_run[1] / "shards" / "shards.json", ShardManifest)
    for language, budget in {"en": 200_000, "zh": 300_000, "code": 100_000}.items():
        assert abs(shards.sets[language].tokens - budget) <= budget * 0.001
        assert all(source.epochs <= 2 for source in shards.sets[language].sources)
        assert {shard.tokens for shard in shards.sets[language].shards[:-1]} == {60_000}
    english, chinese = (shards.sets[f"biflan_{language}"].tokens for language in ("en", "zh"))
    assert english / (english + chinese) == pytest.approx(0.667, abs=0.01)


def test_a_second_run_does_nothing(small_run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in small_run[1].rglob("*.arrow")}
    assert run_corpus(*small_run) == 0
    assert {path: path.stat().st_mtime_ns for path in small_run[1].rglob("*.arrow")} == before
    assert capsys.readouterr().out.count("as it was") == len(STEPS)


def test_ray_gives_the_same_bytes(small_run: tuple[Path, Path], tmp_path: Path) -> None:
    assert run_corpus(small_run[0], tmp_path / "run", "--engine", "ray") == 0
    assert durable(tmp_path / "run") == durable(small_run[1])


def test_killed_and_run_again_gives_the_same_bytes(small_run: tuple[Path, Path], tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "corpus",
        "--corpus",
        str(small_run[0]),
        "--run",
        str(tmp_path / "run"),
    ]
    for marker in ("language/.receipts", "quality/.receipts", "dedup/keys", "shards/tokens"):
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not (tmp_path / "run" / marker).exists():
            time.sleep(0.02)  # a poll: what is waited for is the marker
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert (tmp_path / "run" / marker).exists()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert durable(tmp_path / "run") == durable(small_run[1])


def test_a_changed_threshold_decides_again_without_measuring(
    small_run: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_run[1], run)
    quality = yaml.safe_load(small_run[0].read_text(encoding="utf-8"))["quality"]
    quality["rule_sets"] = []
    quality["rules"] = [
        {"name": "much_too_short", "signal": "characters", "languages": ["en", "zh"], "min": 40}
    ]
    signals = {path.name: path.stat().st_mtime_ns for path in (run / "quality" / "signals").glob("*.arrow")}
    assert signals
    assert main(["quality", "--corpus", str(small_corpus(tmp_path, quality=quality)), "--run", str(run)]) == 0
    assert {
        path.name: path.stat().st_mtime_ns for path in (run / "quality" / "signals").glob("*.arrow")
    } == signals
    reasons = {count.reason for count in load(run / "quality" / "manifest.json", StepManifest).counts}
    assert reasons == {KEPT, "much_too_short"}
    assert any("was made from another quality/manifest.json" in problem for problem in verify(run).problems)


def test_verification_finds_a_changed_byte_and_a_lost_file(
    small_run: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_run[1], run)
    changed = run / "privacy" / "part-00000.arrow"
    data = bytearray(changed.read_bytes())
    data[len(data) // 2] ^= 1
    changed.write_bytes(data)
    (run / "dedup" / "rejected" / "part-00000.arrow").unlink()
    problems = verify(run).problems
    assert any(str(changed) in problem and "SHA-256" in problem for problem in problems)
    assert any("dedup/rejected/part-00000.arrow: missing" in problem for problem in problems)


def test_verification_finds_a_wrong_count(small_run: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_run[1], run)
    path = run / "shards" / "shards.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    first, second = manifest["sets"]["en"]["shards"][:2]
    first["tokens"], second["tokens"] = first["tokens"] + 1, second["tokens"] - 1
    path.write_text(json.dumps(manifest), encoding="utf-8")
    step = run / "shards" / "manifest.json"
    step.write_text(
        step.read_text(encoding="utf-8").replace(
            sha256(small_run[1] / "shards" / "shards.json"), sha256(path)
        ),
        encoding="utf-8",
    )
    assert any("the manifest says 60001" in problem for problem in verify(run).problems)


def test_too_small_a_corpus_says_what_to_do(
    small_run: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_run[1], run)
    shards = yaml.safe_load(small_run[0].read_text(encoding="utf-8"))["shards"]
    shards["budget"]["zh"] = "30 M"
    assert main(["shards", "--corpus", str(small_corpus(tmp_path, shards=shards)), "--run", str(run)]) == 3
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert "zh" in message
    assert "max_epochs" in message
    assert not (run / "shards" / "manifest.json").exists()


def test_a_step_before_its_turn_says_which_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dedup", "--corpus", str(small_corpus(tmp_path)), "--run", str(tmp_path / "run")]) == 1
    assert "dedup needs the step quality first: run `openba quality`" in capsys.readouterr().err
