"""The guard on the losses of 20 real trainings (tests/data/loss_curves.json)."""

from __future__ import annotations

from statistics import median

import pytest

from benchmarks.guard_faults import FAULTS, curves, false_alarms, found

BY_NAME = {fault.name: fault for fault in FAULTS}


def test_there_are_twenty_trainings_of_three_stages() -> None:
    records = [record for _, record in curves()]
    assert len(records) == 20
    assert all([line["stage"] for line in one] == [line["stage"] for line in records[0]] for one in records)
    assert {line["stage"] for line in records[0]} == {"ul2", "length", "biflan"}
    assert all(sum("expected" in line for line in one) == 3 for one in records)
    assert len({tuple(line["loss"] for line in one) for one in records}) == 20


def test_an_undisturbed_training_is_never_found_fault_with() -> None:
    """Nor one with noise of its own."""
    assert false_alarms(copies=4) == (80, 0)


def test_what_was_expected_of_a_stage_is_what_its_first_step_loses() -> None:
    for _, records in curves():
        for record in records:
            if "expected" in record:
                assert record["loss"] == pytest.approx(record["expected"], rel=0.09), record


@pytest.mark.parametrize(
    ("name", "size", "least", "steps"),
    [
        ("a spike every 4th step", 1.0, 0.95, 17),
        ("jump", 0.5, 0.95, 10),
        ("jump", 1.0, 1.0, 3),
        ("drift over 60 steps", 1.0, 0.8, 30),
        ("blow-up in the last 2 steps", 1.0, 0.75, 2),
        ("blow-up by the last update", 1.0, 0.95, 1),
        ("all of them not finite", 1.0, 1.0, 3),
    ],
)
def test_faults_are_found_soon(name: str, size: float, least: float, steps: int) -> None:
    total, seen, after = found(BY_NAME[name], size, seeds=4)
    assert seen >= least * total
    assert median(after) <= steps


@pytest.mark.parametrize("name", [fault.name for fault in FAULTS if fault.quiet])
def test_what_is_over_after_a_step_is_passed_over(name: str) -> None:
    assert found(BY_NAME[name], 2.0, seeds=4)[1] == 0
