"""A step is the same step however many processes share it: its samples, its tokens, its loss, its dropout."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from curriculum.curriculum import Curriculum
from curriculum.journal_events import Amendment, Rollback
from tests.curriculum.test_amendment import BLENDED, SHARDS, UL2
from tests.curriculum.test_mixture_over_time import RAMP
from tests.curriculum.toy import curriculum_manifest
from tests.trainer.examples import small_settings
from tests.trainer.tiny import write_curriculum
from trainer.data.dataset import open_sets
from trainer.data.drawn import drawn
from trainer.data.step_loader import StepLoader
from trainer.model.transformer import EncoderDecoder
from trainer.objectives import build
from trainer.run import TrainingRun
from trainer.run_engine import build_objectives

LARGE = 4096


@pytest.fixture(scope="module")
def run(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return TrainingRun.open(write_curriculum(tmp_path_factory.mktemp("step") / "curriculum.yaml"), prepared)


@pytest.fixture(scope="module")
def model(run: TrainingRun) -> EncoderDecoder:
    """Drops a third of everything; in float64 but for the loss."""
    return EncoderDecoder(small_settings(dropout=0.3, init_std=0.3), run.shards.vocabulary.padded).double()


def shared(
    run: TrainingRun, model: EncoderDecoder, step: int, ranks: int, budget: int
) -> tuple[float, int, int, Counter[str]]:
    """A step's loss and target tokens over all processes, the passes of one, and the tokens read."""
    plan, vocabulary = run.curriculum().step(step), run.shards.vocabulary
    objectives, sets = build_objectives(run), open_sets(run.shard_folder, run.shards.sets)
    loss, targets, passes, tokens = 0.0, 0, set(), Counter[str]()
    for rank in range(ranks):
        loader = StepLoader(sets, run.manifest.model, vocabulary.padded, rank, ranks)
        loaded = list(loader.load(drawn(plan, objectives), budget))
        passes.add(len(loaded))
        for one, idle in loaded:
            if not idle:
                assert one.batch.tokens <= budget
                loss += model(**one.batch.inputs())[0].item()
                targets += one.batch.targets
                tokens += one.tokens
    (number,) = passes
    return loss, targets, number, tokens


@pytest.mark.parametrize("step", [0, 5, 9])
def test_the_loss_of_a_step_does_not_depend_on_who_computes_it(
    run: TrainingRun, model: EncoderDecoder, step: int
) -> None:
    loss, targets, _, tokens = shared(run, model, step, 1, LARGE)
    for ranks, budget in ((1, 96), (2, 96), (3, LARGE), (3, 96), (4, 128), (64, LARGE)):
        found = shared(run, model, step, ranks, budget)
        assert found[0] == pytest.approx(loss, rel=1e-6), (ranks, budget)
        assert (found[1], found[3]) == (targets, tokens)


def test_a_smaller_budget_makes_more_passes(run: TrainingRun, model: EncoderDecoder) -> None:
    few, many = (shared(run, model, 0, 2, budget)[2] for budget in (LARGE, 64))
    assert few == 1 < many


@pytest.mark.parametrize("ranks", [1, 2, 3, 8, 64])
def test_an_amended_step_is_the_same_whoever_shares_it(ranks: int) -> None:
    """In a blend under way whose mixture changes, and after a rollback to before that: the processes' samples
    together are the plan's, each once."""
    ramped = BLENDED | {"mixture": RAMP, "global_batch": 11}
    curriculum = Curriculum(curriculum_manifest(UL2, BLENDED), SHARDS)
    curriculum.apply(Amendment(step=30, curriculum=curriculum_manifest(UL2, ramped), reason="more Chinese"))
    curriculum.apply(Rollback(step=33, to=28, reason="spike"))
    objectives = {
        stage.name: build(stage.objective, SHARDS.vocabulary) for stage in curriculum.manifest.stages
    }
    loader = StepLoader({}, small_settings(), SHARDS.vocabulary.padded, 0, ranks)
    for step in range(27, 34):
        plan = curriculum.step(step)
        _, packed = loader.packed(drawn(plan, objectives), LARGE)
        places = [int(place) for passes in packed for mine in passes for place in mine]
        assert len(packed) == ranks
        assert sorted(places) == list(range(sum(len(part.samples) for part in plan.parts)))
