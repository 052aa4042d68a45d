"""A training whose second stage blends in and rehearses the first: steps of two objectives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from curriculum.journal_events import Rollback
from manifests.border.logs import read_metrics
from tests.trainer.disturbed import Fault, KillAt, Killed, blow_up, copy, outcome
from tests.trainer.test_resume import together
from trainer.data.batch import Batch
from trainer.data.dataset import open_sets
from trainer.data.drawn import drawn
from trainer.data.step_loader import StepLoader
from trainer.engine import TrainingEngine
from trainer.run import TrainingRun
from trainer.run_engine import build_objectives
from trainer.train import train

BLEND = {"tokens": 1000, "shape": "cosine"}


def blended(prepared: Path, folder: Path, **changes: Any) -> TrainingRun:
    """Eight steps of UL2, then instructions: seven steps of a blend, and more of instructions with a tenth of
    UL2."""
    run = copy(prepared, folder)
    file = run.folder / "curriculum.yaml"
    data = yaml.safe_load(file.read_text())
    data["stages"][0]["max_epochs"] = {"en": 9, "zh": 9}
    data["stages"][1] |= {"tokens": 1600, "blend": BLEND, "rehearse": {"ul2": 0.1}} | changes
    data["train"] |= {"guard": {"window": 8, "spike": 12, "patience": 2}}
    file.write_text(yaml.safe_dump(data))
    return TrainingRun.open(file, run.folder)


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    run = blended(prepared, tmp_path_factory.mktemp("undisturbed"))
    assert train(run, quiet=True)
    return run


def lines(run: TrainingRun) -> list[dict[str, Any]]:
    return read_metrics(run.train_folder / "metrics.jsonl")


def test_records_tell_of_the_blend(undisturbed: TrainingRun) -> None:
    """Its share, what is expected before it and after it, and tokens of all sets that a step reads."""
    found, curriculum = lines(undisturbed), undisturbed.curriculum()
    steps = curriculum.spans[1].quotas.blend_steps
    assert steps == 7
    shares = [line.get("blend") for line in found]
    assert shares == [None] * 8 + [curriculum.step(8 + k).share for k in range(steps)] + [None] * (
        len(found) - 8 - steps
    )
    assert found[7]["tokens_by_set"].keys() == {"en", "zh"}
    assert found[10]["tokens_by_set"].keys() == {"en", "zh", "pairs"}
    ends = [sum(found[place]["tokens_by_set"][name] for name in ("en", "zh")) for place in (8 + steps, -1)]
    assert ends[1] >= ends[0] + 24, "rehearsed to the end"
    assert found[-1]["tokens"] == pytest.approx(8 * 8 * 24 + 1600, abs=60)


def test_both_objectives_share_micro_batches(undisturbed: TrainingRun) -> None:
    """A step of two objectives has no more passes than its tokens need, and no process idles for one."""
    run, curriculum = undisturbed, undisturbed.curriculum()
    plan = curriculum.step(8 + curriculum.spans[1].quotas.blend_steps // 2)
    assert [part.stage for part in plan.parts] == ["ul2", "biflan"]
    objectives, sets = build_objectives(run), open_sets(run.shard_folder, run.shards.sets)
    for ranks in (1, 2, 3):
        batches: list[Batch] = []
        for rank in range(ranks):
            loader = StepLoader(sets, run.manifest.model, run.shards.vocabulary.padded, rank, ranks)
            loaded = list(loader.load(drawn(plan, objectives), 4096))
            assert len(loaded) == 1
            assert not any(idle for _, idle in loaded)
            batches += [one.batch for one, _ in loaded]
        assert sum(len(batch.lengths[0]) for batch in batches) == sum(
            len(part.samples) for part in plan.parts
        )
        if ranks == 1:
            whole = sum(batch.targets for batch in batches)
        assert sum(batch.targets for batch in batches) == whole


@pytest.mark.parametrize("step", [8, 10, 13, 17])
def test_a_run_that_is_killed_in_or_after_a_blend_ends_with_the_same_bytes(
    prepared: Path, undisturbed: TrainingRun, tmp_path: Path, step: int
) -> None:
    run = blended(prepared, tmp_path)
    with pytest.raises(Killed):
        train(run, [KillAt(step)], quiet=True)
    assert train(run, quiet=True)
    assert outcome(run) == outcome(undisturbed)


@pytest.mark.slow
def test_two_processes_one_and_two_again_in_a_blend(
    prepared: Path, undisturbed: TrainingRun, tmp_path: Path
) -> None:
    run = blended(prepared, tmp_path)
    for world_size, last in ((2, 10), (1, 13), (2, None)):
        assert together(run, world_size, last) == (last is not None)
    for one, mixed in zip(lines(undisturbed), lines(run), strict=True):
        measured = {"loss": 0, "gradient_norm": 0, "expected": 0}
        assert {**mixed, **measured} == {**one, **measured}
        assert mixed["loss"] == pytest.approx(one["loss"], abs=1e-4)


def test_a_rollback_in_a_blend_goes_on_in_it(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for name, killers in (("whole", []), ("killed", [KillAt(17)])):
        run = blended(prepared, tmp_path / name)
        Fault(monkeypatch, 11, blow_up)
        for killer in killers:
            with pytest.raises(Killed):
                train(run, [killer], quiet=True)
        assert train(run, quiet=True)
        (event,) = run.journal().events
        assert isinstance(event, Rollback)
        assert 8 <= event.to < event.step <= 15
        results.append(outcome(run))
    assert results[0] == results[1]


def moments(engine: TrainingEngine) -> float:
    return max(float(piece.values.abs().max()) for piece in engine.state().moments)


@pytest.mark.parametrize("zero", [0, 1, 3])
def test_moments_are_made_anew_where_a_stage_says_so(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zero: int
) -> None:
    """As if the stage began from the weights alone: AdamW's first update has no past."""
    seen: list[tuple[int, float]] = []
    step = TrainingEngine.step

    def watched(engine: TrainingEngine, *arguments: Any) -> Any:
        seen.append((engine.updates, moments(engine)))
        return step(engine, *arguments)

    monkeypatch.setattr(TrainingEngine, "step", watched)
    results = []
    for name, killers in (("whole", []), ("killed", [KillAt(8)]), ("later", [KillAt(10)])):
        run = blended(prepared, tmp_path / name, moments="fresh")
        file = run.folder / "curriculum.yaml"
        data = yaml.safe_load(file.read_text())
        data["train"]["zero"] = zero
        file.write_text(yaml.safe_dump(data))
        run = TrainingRun.open(file, run.folder)
        seen.clear()
        for killer in killers:
            with pytest.raises(Killed):
                train(run, [killer], quiet=True)
        assert train(run, quiet=True)
        results.append(outcome(run))
        if not killers:
            assert [updates for updates, _ in seen[:10]] == [*range(8), 0, 1]
            assert [moment == 0 for _, moment in seen[:10]] == [True] + [False] * 7 + [True, False]
    assert results[0] == results[1] == results[2]


def test_kept_moments_are_kept(undisturbed: TrainingRun, prepared: Path, tmp_path: Path) -> None:
    fresh = blended(prepared, tmp_path, moments="fresh")
    assert train(fresh, quiet=True)
    assert lines(fresh)[8]["loss"] == lines(undisturbed)[8]["loss"]
    assert lines(fresh)[9]["loss"] != lines(undisturbed)[9]["loss"]
