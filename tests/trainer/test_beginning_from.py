"""A training that begins from an export, a checkpoint or a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import openba
from curriculum.journal_events import Rollback
from manifests.border.logs import read_evaluations, read_metrics
from manifests.errors import UserError
from manifests.files import sha256
from tests.trainer.disturbed import Fault, KillAt, Killed, grow, outcome
from tests.trainer.origins import UPDATES, Trained, few_steps
from tests.trainer.origins import trained as trained_in
from tests.trainer.test_chosen_checkpoint import other_tokenizer
from tests.trainer.whole_state import whole_state
from trainer.__main__ import main
from trainer.checkpoint.checkpoint import CheckpointManifest, newest
from trainer.run import TrainingRun
from trainer.train import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_in(tmp_path_factory.mktemp("trained"))


def evaluations(run: TrainingRun) -> list[dict[str, float]]:
    return [line["losses"] for line in read_evaluations(run.evaluations_file)]


def called(run: TrainingRun, *more: object) -> int:
    where = ["--curriculum", run.folder / "curriculum.yaml", "--run", run.folder, "--quiet"]
    return main(["train", *map(str, [*where, *more])])


@pytest.mark.parametrize("kind", ["export", "checkpoint", "run"])
def test_it_begins_with_the_losses_at_which_the_other_ended(
    trained: Trained, tmp_path: Path, kind: str
) -> None:
    """The last held-out loss of the one is the first of the other, to the last bit, and the run says from what."""
    origin = {"export": trained.export, "checkpoint": trained.checkpoint, "run": trained.run.folder}[kind]
    run = trained.other(tmp_path / "run", {"weights": str(origin)}, **few_steps(trained))
    assert train(run, quiet=True)
    assert evaluations(run)[0] == evaluations(trained.run)[-1]
    assert evaluations(run)[0]["en"] < evaluations(trained.run)[0]["en"] - 0.5, "it had learnt something"
    first = read_metrics(run.metrics_file)[0]
    assert first["expected"] == pytest.approx(first["loss"], rel=0.15)
    record = json.loads(run.training_manifest.read_text())["origin"]
    folder = trained.export if kind == "export" else trained.checkpoint
    files = ["model.safetensors"] if kind == "export" else ["weights-00000-of-00001.safetensors"]
    step = {} if kind == "export" else {"step": UPDATES}
    assert record == {
        "path": str(origin),
        "files": {name: sha256(folder / name) for name in files},
        "dtypes": ["float32"],
        "moments": "fresh",
        **step,
    }
    last = newest(run.checkpoints)
    assert last is not None
    assert last.progress.origin is not None
    assert last.progress.origin.model_dump() == record


def test_it_is_resumed_exactly_and_needs_its_origin_no_more(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.export, tmp_path / "export")
    runs = [trained.other(tmp_path / name, **few_steps(trained)) for name in ("whole", "killed")]
    begun = runs[1].beginning_from(tmp_path / "export")
    whole = runs[0].folder
    assert openba.train(whole / "curriculum.yaml", whole, weights=tmp_path / "export", quiet=True)
    with pytest.raises(Killed):
        train(begun, [KillAt(2)], quiet=True)
    shutil.rmtree(tmp_path / "export")
    with pytest.raises(Killed):
        train(begun, [KillAt(5)], quiet=True)
    assert train(runs[1], quiet=True), "what it began from need not be named again"
    assert outcome(runs[0]) == outcome(runs[1])
    last = [newest(run.checkpoints) for run in runs]
    assert all(last)
    assert last[0].files == last[1].files  # type: ignore[union-attr]


def test_a_run_that_is_finished_has_nothing_to_do_from_the_same_weights_alone(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained.other(tmp_path / "run", {"weights": "../export"}, **few_steps(trained))
    shutil.copytree(trained.export, tmp_path / "export")
    assert called(run) == 0, "the path starts at the manifest's folder"
    assert called(run, "--from", tmp_path / "export") == 0, "another name of the same folder"
    assert capsys.readouterr().out == f"{run.train_folder}: finished already, nothing to do\n"
    assert called(run, "--from", trained.export) == 1
    assert (
        f"step-000000006 is of a run that began from ../export (fresh moments), and the curriculum now names "
        f"{trained.export} (fresh moments); leave initial (--from) out to go on from the checkpoint"
    ) in capsys.readouterr().err
    assert called(trained.run, "--from", trained.export) == 1
    assert "is of a run that began from new weights, and the curriculum now names" in capsys.readouterr().err


@pytest.mark.parametrize("moments", ["kept", "fresh"])
def test_moments_are_kept_or_fresh(trained: Trained, tmp_path: Path, moments: str) -> None:
    initial = {"weights": str(trained.checkpoint), "moments": moments}
    run = trained.other(tmp_path / "run", initial, **few_steps(trained))
    with pytest.raises(Killed):
        train(run, [KillAt(2)], quiet=True)
    first = newest(run.checkpoints)
    assert first is not None
    kept = moments == "kept"
    assert (first.progress.step, first.progress.updates) == (0, UPDATES if kept else 0)
    theirs, ours = whole_state(trained.checkpoint), whole_state(first.folder)
    assert theirs.keys() == ours.keys()
    for name, value in theirs.items():
        same = kept or not name.startswith("exp_avg")
        assert torch.equal(ours[name], value if same else torch.zeros_like(value)), name
    assert first.progress.origin is not None
    assert (
        sorted(first.progress.origin.files)
        == ["optimizer-00000-of-00001.safetensors", "weights-00000-of-00001.safetensors"][not kept :]
    )


def test_kept_moments_make_the_first_update_that_the_other_run_would_have_made(
    trained: Trained, tmp_path: Path
) -> None:
    """On the same samples: the first 6 steps of a run are made again from its state before them."""
    changes = few_steps(trained)
    one = trained.other(tmp_path / "one", None, **changes)
    assert train(one, quiet=True)
    initial = {"weights": str(one.folder), "moments": "kept"}
    more = few_steps(trained, 3)
    kept = trained.other(tmp_path / "kept", initial, **more)
    fresh = trained.other(tmp_path / "fresh", initial | {"moments": "fresh"}, **more)
    assert train(kept, quiet=True)
    assert train(fresh, quiet=True)
    losses = [[line["loss"] for line in read_metrics(run.metrics_file)] for run in (kept, fresh)]
    assert losses[0][0] == losses[1][0], "the same weights and samples"
    assert losses[0][1] != losses[1][1], "another update"


def test_the_guard_expects_the_loss_that_the_weights_have(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss that would do for a new model is a spike, and the run goes back to where it began."""
    few = few_steps(trained, 12)
    few["train"] = {"checkpoint_every": 100}
    run = trained.other(tmp_path / "run", {"weights": str(trained.export)}, **few)
    Fault(monkeypatch, 0, lambda engine: grow(engine, 2))
    assert train(run, quiet=True)
    events = [event for event in run.journal().events if isinstance(event, Rollback)]
    assert [(event.step, event.to, event.reason.split()[0]) for event in events] == [(3, 0, "spike:")]
    loss = float(events[0].reason.split()[2])
    assert loss < 7, "less than a new model's loss and a spike's distance"
    assert evaluations(run)[0] == evaluations(trained.run)[-1]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_weights_of_another_type_begin_a_run(trained: Trained, tmp_path: Path, precision: str) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(trained.export, tmp_path / "export")
    weights = {
        name: value.bfloat16() for name, value in load_file(trained.export / "model.safetensors").items()
    }
    save_file(weights, tmp_path / "export" / "model.safetensors")
    few = few_steps(trained)
    few["train"] |= {"precision": precision}
    run = trained.other(tmp_path / "run", {"weights": "../export"}, **few)
    assert train(run, quiet=True)
    found, usual = evaluations(run)[0]["en"], evaluations(trained.run)[-1]["en"]
    assert found == pytest.approx(usual, rel=1e-2)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("missing", {}, "no such folder; name a folder with weights to begin from"),
    (
        ".",
        {},
        r"holds neither config.json \(an export\), checkpoint.json \(a checkpoint\) nor train/checkpoints \(a run\)",
    ),
    ("export", {"model": {"heads": 4}}, "num_heads is 2, but the curriculum's model needs 4"),
    ("checkpoint", {"model": {"heads": 4}}, r"trained with model.heads = 2, and the curriculum says 4; set"),
    ("export", {"moments": "kept"}, "initial.moments is kept, but an export has no moments; set it to fresh"),
]


@pytest.mark.parametrize(("origin", "changes", "message"), REFUSED)
def test_what_cannot_be_begun_from_is_refused(
    trained: Trained, tmp_path: Path, origin: str, changes: dict[str, Any], message: str
) -> None:
    path = {"export": trained.export, "checkpoint": trained.checkpoint}.get(origin, tmp_path / origin)
    initial = {"weights": str(path), "moments": changes.get("moments", "fresh")}
    model = {"model": changes["model"]} if "model" in changes else {}
    run = trained.other(tmp_path / "run", initial, **model)
    with pytest.raises(UserError, match=message):
        train(run, quiet=True)
    assert not run.checkpoints.exists()


def test_dropout_may_differ(trained: Trained, tmp_path: Path) -> None:
    run = trained.other(tmp_path / "run", {"weights": str(trained.checkpoint)}, model={"dropout": 0.0})
    with pytest.raises(Killed):
        train(run, [KillAt(1)], quiet=True)


def test_another_tokenizer_is_refused(trained: Trained, tmp_path: Path) -> None:
    """An export has the model; a checkpoint its hash, or, where an earlier version wrote it, the shards' hash."""
    export = trained.other(tmp_path / "one", {"weights": str(trained.export)})
    other_tokenizer(export)
    export = TrainingRun.open(export.folder / "curriculum.yaml", export.folder)
    with pytest.raises(UserError, match=r"spiece.model: is not the tokenizer that made the run's shards"):
        train(export, quiet=True)
    old = Path(shutil.copytree(trained.checkpoint, tmp_path / "old"))
    run = export.beginning_from(trained.checkpoint)
    with pytest.raises(UserError, match=r"step-000000060: was trained with another tokenizer than made this"):
        train(run, quiet=True)
    manifest = CheckpointManifest.model_validate_json((old / "checkpoint.json").read_bytes())
    progress = manifest.progress.model_copy(update={"tokenizer": ""})
    sealed = manifest.model_copy(update={"progress": progress}).sealed()
    (old / "checkpoint.json").write_text(sealed.model_dump_json())
    with pytest.raises(
        UserError, match=r"old: was written by an earlier version, which did not note its tok"
    ):
        train(run.beginning_from(old), quiet=True)


def test_a_damaged_checkpoint_is_not_begun_from(trained: Trained, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(trained.checkpoint, tmp_path / "copied"))
    content = bytearray((copied / "weights-00000-of-00001.safetensors").read_bytes())
    content[-1] ^= 1
    (copied / "weights-00000-of-00001.safetensors").write_bytes(content)
    run = trained.other(tmp_path / "run", {"weights": str(copied)})
    with pytest.raises(UserError, match=r"copied: lacks files, or holds others than were written; copy it"):
        train(run, quiet=True)
    empty = trained.other(tmp_path / "empty")
    empty.checkpoints.mkdir(parents=True)
    run = trained.other(tmp_path / "two", {"weights": str(empty.folder)})
    with pytest.raises(UserError, match=r"empty: has no checkpoint; train it first, or name other weights"):
        train(run, quiet=True)
