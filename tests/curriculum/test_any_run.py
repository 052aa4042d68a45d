"""Whatever happens to a run, in whatever order: its journal tells it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.stage import Stage
from tests.curriculum.simulated import SimulatedRun, all_told
from tests.curriculum.test_amendment import BLENDED, LENGTH, UL2
from tests.curriculum.toy import COSINE, curriculum_manifest, shard_manifest

NAMES = ["en", "zh", "code"]
MORE = LENGTH | {"name": "more", "continue_from": "length", "tokens": 6_400}


def shares(weights: list[int]) -> dict[str, float]:
    return {name: weight / sum(weights) for name, weight in zip(NAMES, weights, strict=True) if weight}


some_shares = st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any).map(shares)
points = st.tuples(st.integers(0, 9_000), st.integers(1, 9_000), some_shares, some_shares).map(
    lambda drawn: [
        {"tokens": drawn[0], "shares": drawn[2]},
        {"tokens": drawn[0] + drawn[1], "shares": drawn[3]},
    ]
)
tempered = st.tuples(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), st.sampled_from([1, 3.5, 100])
).map(lambda drawn: {"sets": drawn[0], "temperature": drawn[1]})
stage_changes = st.fixed_dictionaries(
    {},
    optional={
        "mixture": some_shares | points | tempered,
        "tokens": st.integers(6_400, 25_600),
        "global_batch": st.integers(4, 12),
        "learning_rate": st.sampled_from([COSINE, {"schedule": "constant", "peak": 5e-4}]),
        "optimizer": st.sampled_from([{"clip": 0.5}, {"betas": [0.9, 0.99]}]),
        "used_up": st.sampled_from(["stop", "repeat", "others", None]),
        "epochs": st.sampled_from([0.7, 2, 9]),
    },
)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.integers(1, 20)),
        st.tuples(st.just("roll back"), st.integers(1, 12)),
        st.tuples(st.just("end"), st.none()),
        st.tuples(st.just("amend"), st.tuples(stage_changes, stage_changes, stage_changes)),
    ),
    max_size=12,
)


def changed(run: SimulatedRun, changes: tuple[dict[str, Any], ...]) -> CurriculumManifest:
    """The run's manifest with changes of those stages that are not over, if they are valid."""
    data = run.curriculum.manifest.model_dump(mode="json")
    for index, (span, change) in enumerate(zip(run.curriculum.spans, changes, strict=True)):
        if run.position < span.end:
            merged = data["stages"][index] | {"max_epochs": {}} | change
            epochs = merged.pop("epochs", 9.0)
            sets = Stage.model_validate(merged).sets
            data["stages"][index] = merged | {"max_epochs": dict.fromkeys(sets, epochs)}
    try:
        return CurriculumManifest.model_validate(data)
    except ValidationError:  # nothing is left in common with the stage that is read on
        return run.curriculum.manifest


@settings(max_examples=20, deadline=None)
@given(actions)
def test_a_run_is_what_its_journal_tells_whatever_happens(actions: list[tuple[str, Any]]) -> None:
    """Amendments of any stage, rollbacks and early ends at any step: the past stays, a replay gives the same,
    and no row is read twice before all others have been, in whichever stage that is read on."""
    epochs = {"max_epochs": {"en": 9, "zh": 9}}
    small = shard_manifest({"en": 6_400, "zh": 9_610, "code": 12_800})
    run = SimulatedRun(curriculum_manifest(UL2 | epochs, BLENDED | epochs, MORE | epochs), small)
    for action, value in actions:
        match action:
            case "advance":
                run.advance(value)
            case "roll back" if run.made:
                run.roll_back(value)
            case "end" if run.made:
                run.end_stage()
            case "amend":
                run.amend(changed(run, value))
    run.advance(1000)
    assert all_told(run.curriculum) == all_told(run.anew())
    assert run.curriculum.manifest == run.anew().manifest
    assert run.uneven() == []
