"""The commands of ``python -m trainer`` on a trained run, in this process."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.trainer.tiny import write_curriculum, write_shards
from trainer.__main__ import main
from trainer.checkpoint.checkpoint import newest
from trainer.checkpoint.slice_files import file_name
from trainer.run import TrainingRun

PROMPTS = ["for", "话说天下大势"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder trained to its end; not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    write_shards(folder)
    write_curriculum(folder / "curriculum.yaml")
    assert main(["train", *where(folder), "--quiet"]) == 0
    return folder


def where(folder: Path) -> list[str]:
    return ["--curriculum", str(folder / "curriculum.yaml"), "--run", str(folder)]


def untrained(trained: Path, folder: Path) -> Path:
    return Path(shutil.copytree(trained, folder, ignore=shutil.ignore_patterns("train")))


def test_a_finished_run_has_nothing_to_do(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    assert main(["train", *where(trained)]) == 0
    assert capsys.readouterr().out == f"{trained / 'train'}: finished already, nothing to do\n"
    assert {path: path.stat().st_mtime_ns for path in trained.rglob("*")} == before


def test_a_run_whose_manifest_is_another_s_is_not_finished(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    manifest = run / "train" / "manifest.json"
    manifest.write_text(
        manifest.read_text().replace(TrainingRun.open(run / "curriculum.yaml", run).fingerprint, "0" * 64)
    )
    assert main(["train", *where(run), "--quiet"]) == 0
    assert "finished already" not in capsys.readouterr().out
    assert manifest.read_bytes() == (trained / "train" / "manifest.json").read_bytes()


def test_evaluate_prints_the_losses_that_the_training_measured_last(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", *where(trained), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    measured = json.loads((trained / "train" / "manifest.json").read_text())["heldout_losses"]
    assert found == measured
    assert {stage: list(losses) for stage, losses in found.items()} == {"ul2": ["en"], "biflan": ["pairs"]}
    assert all(0 < loss < 8 for losses in found.values() for loss in losses.values())


@pytest.mark.parametrize(
    "command", [["evaluate"], ["generate", "--prompt", "for"], ["export", "--to", "never"]]
)
def test_without_a_checkpoint_there_is_nothing_to_use(
    trained: Path, tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = untrained(trained, tmp_path / "run")
    assert main([*command, *where(run)]) == 1
    assert capsys.readouterr().err == f"error: {run / 'train' / 'checkpoints'}: no checkpoint; train first\n"


def test_a_missing_curriculum_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", *where(tmp_path)]) == 1
    assert f"{tmp_path / 'curriculum.yaml'}: no such manifest" in capsys.readouterr().err


def generate(trained: Path, monkeypatch: pytest.MonkeyPatch, given: bytes) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
    return main(["generate", *where(trained), "--max-tokens", "5"])


@pytest.mark.parametrize("end", ["", "\n"])
def test_prompts_come_from_standard_input(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    assert generate(trained, monkeypatch, ("\n".join(PROMPTS) + end).encode()) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["prompt"] for line in lines] == PROMPTS
    assert (
        main(
            ["generate", *where(trained), "--max-tokens", "5", "--prompt", PROMPTS[0], "--prompt", PROMPTS[1]]
        )
        == 0
    )
    assert capsys.readouterr().out == "".join(f"{line['answer']}\n" for line in lines)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "standard input: holds no prompts; write one a line, or use --prompt"),
        (b"\n \n", "standard input: holds no prompts; write one a line, or use --prompt"),
        ("话说".encode("gb18030"), "standard input: not readable as UTF-8 text: "),
    ],
)
def test_standard_input_without_prompts_is_an_error(
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: bytes,
    message: str,
) -> None:
    assert generate(trained, monkeypatch, given) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {message}")
    assert captured.out == ""


def test_import_begins_a_run_from_an_exported_folder_once(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *where(trained), "--to", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'out'}: written in float32; AutoModel")
    run = untrained(trained, tmp_path / "run")
    command = ["import", *where(run), "--from", str(tmp_path / "out")]
    assert main(command) == 0
    first = run / "train" / "checkpoints" / "step-000000000"
    said = f"{first}: written, of weights in float32; evaluate, generate and train go on from it\n"
    assert capsys.readouterr().out == said
    last = newest(trained / "train" / "checkpoints")
    assert last is not None
    given, found = (load_file(folder / file_name("weights", 0, 1)) for folder in (last.folder, first))
    assert given.keys() == found.keys()
    assert all(bool((given[name] == found[name]).all()) for name in given)
    assert main(command) == 1
    assert "has checkpoints; import into a new run folder" in capsys.readouterr().err


def test_a_folder_that_is_no_model_is_not_imported(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = untrained(trained, tmp_path / "run")
    assert main(["import", *where(run), "--from", str(tmp_path)]) == 1
    assert (
        "holds neither config.json (an export), checkpoint.json (a checkpoint) nor" in capsys.readouterr().err
    )
    assert not (run / "train").exists()
