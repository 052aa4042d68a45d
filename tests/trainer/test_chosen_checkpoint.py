"""Which checkpoint the commands use, and that they use none of another tokenizer, other shards or another model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import sentencepiece
import torch
import yaml
from safetensors.torch import load_file

from manifests.border.logs import read_evaluations
from manifests.errors import UserError
from manifests.files import sha256
from tests.trainer.disturbed import copy, longer
from tests.trainer.tiny import ENGLISH, PIECES
from trainer.__main__ import main
from trainer.checkpoint.slice_files import file_name
from trainer.chosen_checkpoint import chosen_checkpoint
from trainer.run import TrainingRun
from trainer.train import train

USES = [["evaluate"], ["generate", "--prompt", "for", "--max-tokens", "3"], ["export", "--to", "OUT"]]


@pytest.fixture(scope="module")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """Forty steps, the best of which are in the middle, all checkpoints kept; not to be changed."""
    run = longer(copy(prepared, tmp_path_factory.mktemp("trained")))
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["stages"][0]["learning_rate"] = {"schedule": "constant", "peak": 3e-2}
    data["train"] |= {"evaluate_every": 6, "checkpoint_every": 6, "keep": 99}
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    run = TrainingRun.open(run.folder / "curriculum.yaml", run.folder)
    assert train(run, quiet=True)
    return run


def copied(run: TrainingRun, to: Path) -> TrainingRun:
    shutil.copytree(run.folder, to)
    return TrainingRun.open(to / "curriculum.yaml", to)


def called(command: list[str], run: TrainingRun, out: Path) -> int:
    words = [str(out) if word == "OUT" else word for word in command]
    return main([*words, "--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)])


def other_tokenizer(run: TrainingRun) -> None:
    """Makes the shards those of a tokenizer with as many pieces, and other ones."""
    model = run.shard_folder / "tokenizer"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(" ".join(ENGLISH).splitlines()), model_prefix=str(model), vocab_size=PIECES,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, byte_fallback=True, num_threads=1, minloglevel=2,
    )  # fmt: skip
    file = model.with_suffix(".model")
    data = json.loads(run.shard_manifest.read_text())
    data["vocabulary"]["model"] |= {"sha256": sha256(file), "bytes": file.stat().st_size}
    run.shard_manifest.write_text(json.dumps(data))


@pytest.mark.parametrize("command", [*USES, ["train"]], ids=lambda command: command[0])
def test_a_checkpoint_of_another_tokenizer_is_not_used(
    trained: TrainingRun, tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(trained, tmp_path / "run")
    other_tokenizer(run)
    assert called(command, run, tmp_path / "out") == 1
    said = capsys.readouterr()
    (line,) = [line for line in said.err.splitlines() if ": warning: " not in line]
    assert "step-000000040 was trained on shards with the manifest " in line
    assert trained.shards_sha256 in line
    assert sha256(run.shard_manifest) in line
    assert said.out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", USES, ids=lambda command: command[0])
def test_a_checkpoint_of_another_model_is_not_used(
    trained: TrainingRun, tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(trained, tmp_path / "run")
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    data["model"]["norm"] = "pre"
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data))
    assert called(command, run, tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "was trained with model.norm = sandwich, and the curriculum now says pre; change it back" in said


def test_a_tokenizer_that_is_not_that_of_its_own_shards_is_refused_with_both_hashes(
    trained: TrainingRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(trained, tmp_path / "run")
    model = run.shard_folder / "tokenizer.model"
    wanted = sha256(model)
    model.write_bytes(model.read_bytes()[:-1])
    assert called(USES[1], run, tmp_path) == 1
    said = capsys.readouterr().err
    assert f"its hash is {sha256(model)}, and theirs {wanted}; put that back" in said


def best(run: TrainingRun) -> int:
    """The step with the lowest mean held-out loss, by hand."""
    means = {
        line["step"]: sum(line["losses"].values()) / len(line["losses"])
        for line in read_evaluations(run.evaluations_file)
        if line["step"]
    }
    return min(means, key=lambda step: means[step])


def test_the_last_the_best_or_any_checkpoint_is_exported(trained: TrainingRun, tmp_path: Path) -> None:
    assert best(trained) not in (6, 40)
    for step, wanted in (("last", 40), ("best", best(trained)), ("6", 6)):
        assert called(["export", "--to", "OUT", "--step", step], trained, tmp_path / step) == 0
        found = load_file(tmp_path / step / "model.safetensors")
        weights = load_file(trained.checkpoints / f"step-{wanted:09d}" / file_name("weights", 0, 1))
        assert torch.equal(found["shared_embedding.weight"].flatten(), weights["embedding.weight"])


def test_evaluate_measures_the_checkpoint_that_is_named(
    trained: TrainingRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for step, line in (("best", best(trained)), ("12", 12)):
        assert called(["evaluate", "--json", "--step", step], trained, tmp_path) == 0
        (measured,) = [one for one in read_evaluations(trained.evaluations_file) if one["step"] == line]
        assert json.loads(capsys.readouterr().out) == {"ul2": measured["losses"]}


@pytest.mark.parametrize(
    ("step", "code", "message"),
    [
        ("7", 1, "there is no whole checkpoint of step 7; name one of these: 40, 36, 30, 24, 18, 12, 6"),
        ("18", 1, "there is no whole checkpoint of step 18; name one of these: 40, 36, 30, 24, 18, 12, 6"),
        ("newest", 2, "'newest' is no step; give a number, best or last"),
        ("-1", 2, "'-1' is no step; give a number, best or last"),
    ],
)
def test_a_checkpoint_that_is_not_there_is_named(
    trained: TrainingRun,
    tmp_path: Path,
    step: str,
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = copied(trained, tmp_path / "run")
    (run.checkpoints / "step-000000018" / "checkpoint.json").unlink()
    assert called(["generate", "--prompt", "for", "--step", step], run, tmp_path) == code
    assert message in " ".join(capsys.readouterr().err.replace("│", "").split())


def test_there_is_no_best_one_where_none_was_measured(trained: TrainingRun, tmp_path: Path) -> None:
    run = copied(trained, tmp_path / "run")
    run.evaluations_file.unlink()
    with pytest.raises(
        UserError, match=r"no checkpoint of the stage ul2 has a held-out loss; take the last one"
    ):
        chosen_checkpoint(run, "best")


def test_a_folder_is_not_imported_beside_damaged_checkpoints(
    trained: TrainingRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(trained, tmp_path / "run")
    assert called(["export", "--to", "OUT"], run, tmp_path / "out") == 0
    for folder in run.checkpoints.iterdir():
        (folder / file_name("weights", 0, 1)).unlink()
    assert called(["import", "--from", "OUT"], run, tmp_path / "out") == 1
    assert "has checkpoints; import into a new run folder" in capsys.readouterr().err
