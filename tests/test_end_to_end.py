"""From raw text to a trained model, a report and a verified run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.__main__ import main as manifests
from manifests.verify import verify
from tests.small import ROOT
from trainer.__main__ import main as trainer

pytestmark = pytest.mark.slow


def small_curriculum(folder: Path) -> Path:
    """The demo's three stages with few tokens and a small model."""
    manifest: dict[str, Any] = yaml.safe_load(
        (ROOT / "manifests" / "presets" / "demo" / "curriculum.yaml").read_text(encoding="utf-8")
    )
    manifest["model"] |= {
        "d_model": 32,
        "heads": 2,
        "head_size": 16,
        "d_ff": 64,
        "encoder_layers": 1,
        "decoder_layers": 2,
    }
    manifest["train"] |= {"checkpoint_every": 10, "evaluation_samples": 12, "threads": 1}
    for stage, tokens in zip(manifest["stages"], ("40 K", "12 K", "6 K"), strict=True):
        stage |= {"tokens": tokens, "global_batch": 16, "micro_batch": 1024}
        if "blend" in stage:
            stage["blend"]["tokens"] = "3 K"
        stage["learning_rate"] = {"schedule": "constant", "peak": 1e-2, "warmup_steps": 2}
    file = folder / "curriculum.yaml"
    file.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def trained(small_run: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The small curriculum and a run folder trained with it; not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copytree(small_run[1], folder / "run")
    curriculum = small_curriculum(folder)
    assert trainer(["train", "--curriculum", str(curriculum), "--run", str(folder / "run")]) == 0
    return curriculum, folder / "run"


def test_every_stage_was_trained_and_learned(trained: tuple[Path, Path]) -> None:
    lines = [
        json.loads(line)
        for line in (trained[1] / "train" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert list(dict.fromkeys(line["stage"] for line in lines)) == ["ul2", "length", "biflan"]
    assert [line["step"] for line in lines] == list(range(1, len(lines) + 1))
    first, last = lines[0], [line for line in lines if line["stage"] == "ul2"][-1]
    assert last["loss"] < first["loss"] - 0.5


def test_the_report_shows_corpus_and_training(
    trained: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert manifests(["report", str(trained[1])]) == 0
    page = (trained[1] / "report.html").read_text(encoding="utf-8")
    assert all(word in page for word in ("exact duplicate", "short text", "biflan", "reviews", "novel"))
    assert str(trained[1] / "report.html") in capsys.readouterr().out


def test_a_sound_run_verifies_and_a_changed_checkpoint_does_not(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    assert verify(trained[1]).problems == []
    run = tmp_path / "run"
    shutil.copytree(trained[1], run)
    (weights,) = sorted(run.glob("train/checkpoints/*/weights-*.safetensors"))[-1:]
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert [problem for problem in verify(run).problems if str(weights) in problem and "SHA-256" in problem]


def test_the_model_answers(
    trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["generate", "--curriculum", str(trained[0]), "--run", str(trained[1]), "--max-tokens", "5"]
    prompt = "下面这条评论是好评还是差评？ 房间很干净，服务很好。"
    assert trainer([*arguments, "--prompt", prompt]) == 0
    answer = capsys.readouterr().out.removesuffix("\n")
    assert answer
    file = tmp_path / "prompts.txt"
    file.write_text(prompt + "\n", encoding="utf-8")
    assert trainer([*arguments, "--file", str(file)]) == 0
    assert json.loads(capsys.readouterr().out) == {"prompt": prompt, "answer": answer}
