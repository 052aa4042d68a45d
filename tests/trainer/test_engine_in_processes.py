"""The engine in two real processes."""

from __future__ import annotations

import json

import pytest

from tests.trainer.processes import forked
from tests.trainer.skipped_updates import FAULTS

pytestmark = pytest.mark.slow


def test_gradients_in_bfloat16_are_added_up_in_float32() -> None:
    first, second = forked("tests.trainer.summed_gradients")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    errors = json.loads(first.stdout)
    assert list(errors) == ["1 none", "2 none", "3 none", "1 optimizer", "3 all"]
    for kind, error in errors.items():  # .005 and .001 where the sums are bfloat16
        assert error["gradient"] < 1e-6, kind
        assert abs(error["norm"]) < 1e-6, kind


def test_an_engine_takes_a_state_back_and_leaves_nothing_when_it_is_closed() -> None:
    first, second = forked("tests.trainer.engine_life")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    found = json.loads(first.stdout)
    assert len(found) == 6
    for kind, life in found.items():
        there, left, back, next_there, next_back = life["losses"]
        assert back == there, kind
        assert left < there - 0.05, kind
        assert next_back == next_there, kind
        assert life["left"] == [0, 0], kind


@pytest.mark.parametrize("world_size", [1, 2])
def test_what_is_not_finite_in_one_process_is_skipped_by_all_and_leaves_no_trace(world_size: int) -> None:
    first, *others = forked("tests.trainer.skipped_updates", world_size=world_size)
    assert [first.returncode, *(other.returncode for other in others)] == [0] * world_size, first.stderr
    found = json.loads(first.stdout)
    assert len(found) == 8
    for kind, by_fault in found.items():
        assert by_fault == {fault: [True, 0.0] for fault in FAULTS}, kind
