"""Steps made by a thread beside the training are those that would be made when they are needed, in order, few at a
time, and no thread stays."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.tiny import write_curriculum
from trainer.data.batch import Batch
from trainer.data.dataset import ShardError, open_sets
from trainer.data.drawn import drawn
from trainer.data.prefetch import AHEAD, Prefetcher
from trainer.data.prepared_step import StepPreparation
from trainer.data.step_loader import StepLoader
from trainer.objectives import build
from trainer.run import TrainingRun


def threads() -> list[threading.Thread]:
    """Those that make steps."""
    return [thread for thread in threading.enumerate() if thread.name == "data"]


@given(
    steps=st.integers(1, 30), first=st.integers(0, 29), restarts=st.sets(st.integers(0, 29)), end=st.data()
)
def test_steps_come_in_their_order_also_after_a_new_beginning(
    steps: int, first: int, restarts: set[int], end: st.DataObject
) -> None:
    """A stage that ends early has fewer steps from then on, and others."""
    ends, generation = [steps], [0]
    ahead = Prefetcher(lambda step: (step, generation[0]), lambda: ends[0])
    step, seen = min(first, steps - 1), []
    while step < ends[0]:
        seen.append(ahead.take(step))
        step += 1
        if step in restarts:
            ahead.close()
            generation[0] += 1
            ends[0] = end.draw(st.integers(step, steps))
    with pytest.raises(IndexError, match=f"step {step} is not one of the {ends[0]}"):
        ahead.take(step)
    ahead.close()
    begun = min(first, steps - 1)
    assert [step for step, _ in seen] == list(range(begun, begun + len(seen)))
    passed = [len([one for one in restarts if begun < one <= step]) for step, _ in seen]
    assert [made for _, made in seen] == passed, "what was made of the old curriculum is thrown away"


def test_no_more_than_two_are_made_before_they_are_taken() -> None:
    made, come = [], threading.Semaphore(0)

    def make(step: int) -> int:
        made.append(step)
        come.release()
        return step

    ahead = Prefetcher(make, lambda: 100)
    for step in range(20):
        assert ahead.take(step) == step
        assert len(made) <= step + 1 + AHEAD
    for _ in range(20 + AHEAD):  # they come without anyone who takes them
        assert come.acquire(timeout=60)
    assert made == list(range(20 + AHEAD))
    ahead.close()
    assert made == list(range(20 + AHEAD))


def test_an_error_comes_at_the_step_that_it_is_of() -> None:
    faults = [2]

    def make(step: int) -> int:
        if step in faults:
            raise ShardError("the shard of step 2 was changed")
        return step

    ahead = Prefetcher(make, lambda: 9)
    assert [ahead.take(0), ahead.take(1)] == [0, 1]
    with pytest.raises(ShardError, match="step 2"):
        ahead.take(2)
    assert threads() == []
    faults.clear()
    assert [ahead.take(2), ahead.take(3)] == [2, 3], "the shard was put back"
    ahead.close()


def test_what_is_in_the_making_is_waited_for_unless_told_otherwise() -> None:
    began, go_on = threading.Event(), threading.Event()

    def make(step: int) -> int:
        if step == 1:
            began.set()
            assert go_on.wait(60)
        return step

    ahead = Prefetcher(make, lambda: 9)
    assert ahead.take(0) == 0
    assert began.wait(60)
    ahead.close(wait=False)  # a second Ctrl-C
    (thread,) = threads()
    assert thread.is_alive()
    go_on.set()
    thread.join(60)
    assert threads() == []


def flat(batch: Batch) -> list[tuple[str, bytes]]:
    """All arrays of a batch."""
    return [(name, value.tobytes()) for name, value in vars(batch).items() if value is not None]


@pytest.mark.parametrize(("rank", "ranks"), [(0, 1), (1, 3)])
def test_a_curriculum_s_steps_made_ahead_are_those_made_at_need(
    prepared: Path, tmp_path: Path, rank: int, ranks: int
) -> None:
    run = TrainingRun.open(write_curriculum(tmp_path / "curriculum.yaml"), prepared)
    vocabulary = run.shards.vocabulary
    objectives = {stage.name: build(stage.objective, vocabulary) for stage in run.manifest.stages}
    sets = open_sets(run.shard_folder, run.shards.sets)
    loader = StepLoader(sets, run.manifest.model, vocabulary.padded, rank, ranks)
    curriculum = run.curriculum()
    preparation = StepPreparation(curriculum, objectives, run.micro_batches, loader)
    ahead = Prefetcher(preparation.prepare, lambda: curriculum.total_steps)
    stages = []
    for step in range(curriculum.total_steps):
        plan, made = curriculum.step(step), ahead.take(step)
        budget = run.micro_batches[plan.stage]
        needed = list(loader.load(drawn(plan, objectives), budget))
        assert [flat(one.batch) for one in made.work] == [flat(loaded.batch) for loaded, _ in needed]
        assert [one.idle for one in made.work] == [idle for _, idle in needed]
        for mine, planned in zip(made.plan.parts, plan.parts, strict=True):
            assert np.array_equal(mine.samples.rows, planned.samples.rows)
        assert made.plan.learning_rate == plan.learning_rate
        stages.append(made.plan.stage)
    assert stages == ["ul2"] * 8 + ["biflan"] * (len(stages) - 8)
    ahead.close()
