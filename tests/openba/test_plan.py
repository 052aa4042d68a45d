"""The command ``openba plan``, its page and its JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from manifests.check import check
from manifests.report.plan import plan_page
from manifests.schema.plan import Plan
from openba.cli.main import main
from tests.curriculum.plan.sound import PRESET, planned, preset
from tests.trainer.tiny import write_curriculum, write_shards

CURRICULUM = ["plan", "--curriculum", str(PRESET / "curriculum.yaml")]
CORPUS = ["--corpus", str(PRESET / "corpus.yaml")]


def test_the_preset_is_planned_with_summary_warnings_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "plan.html"
    assert main([*CURRICULUM, *CORPUS, "--cluster", "gpus=64", "--to", str(page)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "model: 14.6 B parameters, 250,368 rows of embedding"
    assert any(
        line.startswith("layout: ZeRO 3, recompute, on 64 GPUs of 80.0 GB in 8 hosts") for line in lines
    )
    assert any(line.startswith("warning (one-span): stage ul2: denoiser X") for line in lines)
    assert lines[-1] == str(page)
    text = page.read_text(encoding="utf-8")
    assert text.lstrip().startswith("<!doctype html>")
    assert text.count("<svg class") == 3
    assert not re.search(r"(src|href)=\"(?!#)", text)


def test_a_cluster_file_and_keys_are_put_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text("version: 1\nkind: cluster\ngpus: 16\nmemory: 141 GB\n", encoding="utf-8")
    assert check(file).model_dump()["gpus"] == 16
    given = ["--cluster", str(file), "--cluster", "gpus = 32", "--cluster", "network=100 GB/s"]
    assert main([*CURRICULUM, *given, "--pair-tokens", "100:30", "--json"]) == 0
    found = Plan.model_validate(json.loads(capsys.readouterr().out))
    assert (found.cluster.gpus, found.cluster.memory, found.cluster.network) == (32, 141 * 10**9, 10**11)
    assert found.shards.startswith("assumed")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["gpus=many"], "--cluster: gpus: Input should be a valid integer"),
        (["gpu=8"], "known here: gpus, gpus_per_host"),
        (["none.yaml"], "none.yaml: no such manifest"),
        (["memory=80 GiB"], "memory: '80 GiB' is not a number of bytes; write for example 80 GB"),
    ],
)
def test_a_wrong_cluster_is_one_line(
    given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*CURRICULUM, *(word for one in given for word in ("--cluster", one))]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_wrong_pair_tokens_are_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CURRICULUM, "--pair-tokens", "many"]) == 2
    assert "'many' is no two numbers; write for example 200:70" in capsys.readouterr().err


def test_a_run_is_planned_from_its_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shards(tmp_path / "run")
    curriculum = write_curriculum(tmp_path / "curriculum.yaml")
    assert main(["plan", "--curriculum", str(curriculum), "--run", str(tmp_path / "run"), "--json"]) == 0
    found = Plan.model_validate(json.loads(capsys.readouterr().out))
    assert found.stages[0].steps == 8
    assert {one.set for one in found.sources if list(one.sources) == ["tiny"]} == {"en", "pairs", "zh"}
    assert all(one.sources["tiny"] == pytest.approx(one.epochs) for one in found.sources)
    assert "idle-ranks" in {warning.kind for warning in found.warnings}


def test_what_a_page_shows_is_escaped() -> None:
    made = planned(preset())
    hostile = made.model_copy(update={"name": "<script>alert(1)</script>", "shards": "</dd><img src=x>"})
    text = plan_page(hostile)
    assert "<script>" not in text
    assert "<img" not in text
    assert "&lt;/dd&gt;&lt;img src=x&gt;" in text
    assert plan_page(hostile) == text
