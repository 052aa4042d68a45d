"""All seven steps on real text: conservation, same bytes whatever happens, verification that finds what was changed."""

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

from manifests.schema.base import load
from manifests.schema.documents import STEPS
from manifests.schema.shards import ShardManifest
from manifests.schema.steps import KEPT, StepManifest
from manifests.verify import verify
from pipeline.__main__ import main
from tests.benchmarks.kill import durable
from tests.small import small_corpus


def corpus(file: Path, run: Path, *more: str) -> int:
    return main(["corpus", "--corpus", str(file), "--run", str(run), *more])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The small manifest and a finished run of it; not to be changed."""
    folder = tmp_path_factory.mktemp("small")
    file = small_corpus(folder)
    assert corpus(file, folder / "run") == 0
    return file, folder / "run"


def manifests(run: Path) -> dict[str, StepManifest]:
    return {step: load(run / step / "manifest.json", StepManifest) for step in STEPS}


def test_documents_are_conserved(finished: tuple[Path, Path]) -> None:
    steps = manifests(finished[1])
    for before, after in pairwise(STEPS):
        assert steps[after].documents_in == steps[before].documents_kept
    assert verify(finished[1]).problems == []


def test_real_text_is_rejected_for_reasons_in_both_languages(finished: tuple[Path, Path]) -> None:
    reasons = {
        (count.language, count.reason)
        for step, manifest in manifests(finished[1]).items()
        if step != "shards"
        for count in manifest.counts
        if count.reason != KEPT
    }
    assert {"en", "zh"} <= {language for language, _ in reasons}
    assert ("zh", "exact_duplicate") in reasons
    assert ("", "language") in reasons


def test_the_budget_is_met(finished: tuple[Path, Path]) -> None:
    shards = load(finished[1] / "shards" / "shards.json", ShardManifest)
    for language, budget in {"en": 200_000, "zh": 300_000, "code": 100_000}.items():
        assert abs(shards.sets[language].tokens - budget) <= budget * 0.001
        assert all(source.epochs <= 2 for source in shards.sets[language].sources)
        assert {shard.tokens for shard in shards.sets[language].shards[:-1]} == {60_000}
    english, chinese = (shards.sets[f"biflan_{language}"].tokens for language in ("en", "zh"))
    assert english / (english + chinese) == pytest.approx(0.667, abs=0.01)


def test_a_second_run_does_nothing(finished: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished[1].rglob("*.arrow")}
    assert corpus(*finished) == 0
    assert {path: path.stat().st_mtime_ns for path in finished[1].rglob("*.arrow")} == before
    assert capsys.readouterr().out.count("as it was") == len(STEPS)


def test_ray_gives_the_same_bytes(finished: tuple[Path, Path], tmp_path: Path) -> None:
    assert corpus(finished[0], tmp_path / "run", "--engine", "ray") == 0
    assert durable(tmp_path / "run") == durable(finished[1])


def test_killed_and_run_again_gives_the_same_bytes(finished: tuple[Path, Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "corpus", "--corpus", str(finished[0]), "--run", str(tmp_path / "run")]
    for marker in ("language/.records", "quality/.records", "dedup/keys", "shards/tokens"):
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (tmp_path / "run" / marker).exists():
            time.sleep(0.02)  # a poll: what is waited for is the marker
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert (tmp_path / "run" / marker).exists()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert durable(tmp_path / "run") == durable(finished[1])


def test_a_changed_threshold_decides_again_without_measuring(finished: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished[1], run)
    quality = yaml.safe_load(finished[0].read_text(encoding="utf-8"))["quality"]
    quality["rules"] = [{"name": "much_too_short", "signal": "characters", "languages": ["en", "zh"], "min": 40}]
    signals = {path.name: path.stat().st_mtime_ns for path in (run / "quality" / "signals").glob("*.arrow")}
    assert signals
    assert main(["quality", "--corpus", str(small_corpus(tmp_path, quality=quality)), "--run", str(run)]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in (run / "quality" / "signals").glob("*.arrow")} == signals
    reasons = {count.reason for count in load(run / "quality" / "manifest.json", StepManifest).counts}
    assert reasons == {KEPT, "much_too_short"}
    assert any("was made from another quality/manifest.json" in problem for problem in verify(run).problems)


def test_verification_finds_a_changed_byte_and_a_lost_file(finished: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished[1], run)
    changed = run / "privacy" / "part-00000.arrow"
    data = bytearray(changed.read_bytes())
    data[len(data) // 2] ^= 1
    changed.write_bytes(data)
    (run / "dedup" / "rejected" / "part-00000.arrow").unlink()
    problems = verify(run).problems
    assert any(str(changed) in problem and "SHA-256" in problem for problem in problems)
    assert any("dedup/rejected/part-00000.arrow: missing" in problem for problem in problems)


def test_verification_finds_a_wrong_count(finished: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished[1], run)
    path = run / "shards" / "shards.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    first, second = manifest["sets"]["en"]["shards"][:2]
    first["tokens"], second["tokens"] = first["tokens"] + 1, second["tokens"] - 1
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert any("the manifest says 60001" in problem for problem in verify(run).problems)


def test_too_small_a_corpus_says_what_to_do(finished: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished[1], run)
    shards = yaml.safe_load(finished[0].read_text(encoding="utf-8"))["shards"]
    shards["budget"]["zh"] = "30 M"
    assert main(["shards", "--corpus", str(small_corpus(tmp_path, shards=shards)), "--run", str(run)]) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert "zh" in message
    assert "max_epochs" in message
    assert not (run / "shards" / "manifest.json").exists()


def test_a_step_before_its_turn_says_which_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dedup", "--corpus", str(small_corpus(tmp_path)), "--run", str(tmp_path / "run")]) == 1
    assert "dedup needs the step quality first: run `make quality`" in capsys.readouterr().err
