"""What of a curriculum may change under a run, key by key, and what the checkpoint must find again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from curriculum.journal_events import Begun, Rollback
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.model import ModelSettings
from manifests.schema.optimization import LearningRate, Optimizer
from manifests.schema.stage import Stage
from manifests.schema.train_settings import TrainSettings
from tests.trainer.tiny import write_curriculum
from trainer.checkpoint.checkpoint import Progress
from trainer.checkpoint.compatibility import CompatibilityError, check_compatibility
from trainer.checkpoint.saving import save
from trainer.engine_state import EngineState
from trainer.run import TrainingRun
from trainer.train import train

RATE: dict[str, Any] = {
    "schedule": "linear",
    "peak": 2e-3,
    "minimum": 5e-4,
    "warmup_steps": 1,
    "decay_steps": 5,
}
FIRST_STAGE: dict[str, Any] = {
    "name": "other",
    "objective": {"kind": "ul2", "chunk": 24, "preset": "ul2"},
    "mixture": {"en": 0.5, "zh": 0.5},
    "tokens": 9 * 8 * 24,
    "global_batch": 16,
    "micro_batch": 80,
    "learning_rate": RATE,
    "optimizer": {"clip": 0.5},
    "max_epochs": {"zh": 8},
    "max_tokens": {"zh": 4096},
    "used_up": "repeat",
    "continue_from": {"en": "ul2"},
    "leave_whole": 48,
    "until": {"threshold": {"metric": "metrics:mean", "below": 1.0}},
    "z_loss": 1e-4,
    "blend": {"tokens": 64},
    "rehearse": {"ul2": 0.1},
    "moments": "fresh",
}
MODEL: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 3,
    "heads": 4,
    "head_size": 4,
    "d_ff": 64,
    "norm": "pre",
    "dropout": 0.2,
    "rope_base": 500.0,
    "init_std": 0.1,
}
MAY_CHANGE: dict[str, Any] = {
    "zero": 2,
    "offload": "optimizer",
    "threads": 3,
    "checkpoint_every": 5,
    "keep": 4,
    "ema": 0.99,
    "evaluation_samples": 9,
    "evaluate_every": 2,
    "guard": {"window": 9},
    "recompute": True,
    "callbacks": ["log:Log"],
}
OPTIMIZER: dict[str, Any] = {"betas": [0.8, 0.95], "eps": 1e-7, "weight_decay": 0.2, "clip": 0.5}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The tiny curriculum of two stages, evaluated often enough for a stage that ends by a metric."""
    file = write_curriculum(tmp_path_factory.mktemp("curriculum") / "curriculum.yaml")
    return changed(yaml.safe_load(file.read_text()), ("train", "evaluate_every"), 3)


def changed(content: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The content with the value at a path."""
    if not path:
        return value
    name, *rest = path
    if isinstance(name, int):
        return [
            changed(one, tuple(rest), value) if index == name else one for index, one in enumerate(content)
        ]
    return content | {name: changed(content.get(name, {}), tuple(rest), value)}


def check(content: dict[str, Any], path: tuple[str | int, ...], value: Any, stages_begun: int) -> None:
    """Continues a run of the content with the changed one."""
    old, new = (CurriculumManifest.model_validate(one) for one in (content, changed(content, path, value)))
    assert new != old, "the value is another one"
    check_compatibility(old, new, stages_begun, "step-000000006")


def test_the_tables_name_every_key() -> None:
    assert MODEL.keys() == ModelSettings.model_fields.keys()
    assert MAY_CHANGE.keys() | {"precision"} == TrainSettings.model_fields.keys()
    assert FIRST_STAGE.keys() == Stage.model_fields.keys()
    assert OPTIMIZER.keys() == Optimizer.model_fields.keys()
    assert RATE.keys() == LearningRate.model_fields.keys()
    assert {
        "version",
        "kind",
        "name",
        "seed",
        "model",
        "initial",
        "lora",
        "train",
        "stages",
    } == CurriculumManifest.model_fields.keys()


LATER_OR_FREE = {"micro_batch", "blend", "rehearse", "continue_from"}
"""A first stage has none before it; ``micro_batch`` may change."""
KEPT = [
    (("seed",), 6),
    (("train", "precision"), "bf16"),
    *((("model", name), value) for name, value in MODEL.items()),
    *((("stages", 0, name), value) for name, value in FIRST_STAGE.items() if name not in LATER_OR_FREE),
    *((("stages", 1, name), FIRST_STAGE[name]) for name in ("blend", "rehearse")),
    *((("stages", 0, "optimizer", name), value) for name, value in OPTIMIZER.items()),
    *((("stages", 0, "learning_rate", name), value) for name, value in RATE.items()),
]


@pytest.mark.parametrize(("path", "value"), KEPT, ids=[".".join(map(str, path)) for path, _ in KEPT])
def test_what_had_an_effect_may_not_change(
    content: dict[str, Any], path: tuple[str | int, ...], value: Any
) -> None:
    key = r"\.".join(map(str, path)).replace(r"\.0", r"\[0\]").replace(r"\.1", r"\[1\]")
    with pytest.raises(
        CompatibilityError,
        match=rf"^step-000000006 was trained with {key}\S* = .*, and the curriculum now says .*another run "
        r"folder",
    ):
        check(content, path, value, stages_begun=2)


def test_the_message_names_both_values(content: dict[str, Any]) -> None:
    with pytest.raises(
        CompatibilityError,
        match=r"trained with train.precision = fp32, and the curriculum now says bf16; change it back",
    ):
        check(content, ("train", "precision"), "bf16", stages_begun=0)


@pytest.mark.parametrize(("name", "value"), MAY_CHANGE.items(), ids=list(MAY_CHANGE))
def test_how_the_work_is_spread_and_saved_may_change(content: dict[str, Any], name: str, value: Any) -> None:
    check(content, ("train", name), value, stages_begun=2)


def test_the_micro_batch_may_change(content: dict[str, Any]) -> None:
    check(content, ("stages", 0, "micro_batch"), FIRST_STAGE["micro_batch"], stages_begun=2)


def test_stages_of_sequences_are_not_continued(content: dict[str, Any]) -> None:
    """Micro batches were once numbers of sequences, which had one denoiser each."""
    old = changed(content, ("stages", 0, "micro_batch"), 16)
    check(old, ("name",), "another", stages_begun=0)
    with pytest.raises(
        CompatibilityError, match=r"was trained by an earlier version, which drew .* of 16 seq"
    ):
        check(old, ("stages", 0, "micro_batch"), 4096, stages_begun=1)


def test_the_name_may_change(content: dict[str, Any]) -> None:
    check(content, ("name",), "another", stages_begun=2)


def test_where_a_stage_began_to_read_may_not_change(content: dict[str, Any]) -> None:
    more = content["stages"][0] | {"name": "more"}
    both = changed(content, ("stages",), [content["stages"][0], more])
    check(both, ("stages", 1, "continue_from"), FIRST_STAGE["continue_from"], stages_begun=1)
    with pytest.raises(CompatibilityError, match=r"stages\[1\].continue_from = None"):
        check(both, ("stages", 1, "continue_from"), FIRST_STAGE["continue_from"], stages_begun=2)


@pytest.mark.parametrize("begun", [0, 1, 2])
def test_stages_may_change_until_they_begin(content: dict[str, Any], begun: int) -> None:
    for index, value in ((0, 9 * 8 * 24), (1, 600)):
        if index < begun:
            with pytest.raises(CompatibilityError, match=rf"stages\[{index}\].tokens = "):
                check(content, ("stages", index, "tokens"), value, begun)
        else:
            check(content, ("stages", index, "tokens"), value, begun)


def test_a_stage_that_has_begun_may_not_go_and_another_may_come(content: dict[str, Any]) -> None:
    more = content["stages"][0] | {"name": "more"}
    check(content, ("stages",), [*content["stages"], more], stages_begun=2)
    with pytest.raises(CompatibilityError, match="trained with stages = "):
        check(content, ("stages",), content["stages"][:1], stages_begun=2)
    with pytest.raises(
        CompatibilityError, match=r"trained with stages\[0\].name = ul2, and the curriculum now says more"
    ):
        check(content, ("stages",), [more, *content["stages"]], stages_begun=1)


def with_checkpoint(prepared: Path, folder: Path, **progress: Any) -> TrainingRun:
    """A run whose newest checkpoint says this of its progress; its weights are not looked at."""
    shutil.copytree(prepared, folder / "run")
    run = TrainingRun.open(folder / "run" / "curriculum.yaml", folder / "run")
    usual: dict[str, Any] = {
        "step": 3, "updates": 3, "stages_begun": 1, "tokens_by_set": {}, "journal_events": 0,
        "curriculum": run.manifest.model_dump_json(), "shards": run.shards_sha256,
    }  # fmt: skip
    save(run.checkpoints, Progress(**usual | progress), EngineState([], [], 3), keep=1)
    return run


def test_a_checkpoint_of_other_shards_is_not_continued(prepared: Path, tmp_path: Path) -> None:
    run = with_checkpoint(prepared, tmp_path, shards="0" * 64)
    with pytest.raises(
        CompatibilityError,
        match=rf"step-000000003 was trained on shards with the manifest {'0' * 64}, and that of .*shards.json is "
        rf"{run.shards_sha256}; put the shards and the tokenizer back, or train in another run folder",
    ):
        train(run, quiet=True)


@pytest.mark.parametrize("events", [0, 1, 2])
def test_a_checkpoint_that_knows_of_lost_events_is_not_continued(
    prepared: Path, tmp_path: Path, events: int
) -> None:
    run = with_checkpoint(prepared, tmp_path, journal_events=3)
    if events:
        run.journal().append(Begun(curriculum=run.manifest, shards=run.shards_sha256))
    for _ in range(events - 1):
        run.journal().append(Rollback(step=2, to=1, reason="spike"))
    with pytest.raises(
        CompatibilityError,
        match=r"step-000000003 knows of more events than journal.jsonl holds; restore the journal",
    ):
        train(run, quiet=True)
    assert len(run.journal().hashes) == events, "nothing is written to it"
