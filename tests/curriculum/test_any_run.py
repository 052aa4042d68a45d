"""Whatever happens to a run, in whatever order: its journal tells it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.schema.curriculum import CurriculumManifest
from tests.curriculum.simulated import SimulatedRun, all_told
from tests.curriculum.test_amendment import BLENDED, UL2
from tests.curriculum.toy import COSINE, curriculum_manifest, shard_manifest

mixtures = st.lists(st.sampled_from(["en", "zh", "code"]), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.lists(st.integers(1, 9), min_size=len(names), max_size=len(names)).map(
        lambda weights: {name: weight / sum(weights) for name, weight in zip(names, weights, strict=True)}
    )
)
stage_changes = st.fixed_dictionaries(
    {},
    optional={
        "mixture": mixtures,
        "tokens": st.integers(6_400, 25_600),
        "global_batch": st.integers(4, 12),
        "learning_rate": st.sampled_from([COSINE, {"schedule": "constant", "peak": 5e-4}]),
        "optimizer": st.sampled_from([{"clip": 0.5}, {"betas": [0.9, 0.99]}]),
    },
)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.integers(1, 20)),
        st.tuples(st.just("roll back"), st.integers(1, 12)),
        st.tuples(st.just("end"), st.none()),
        st.tuples(st.just("amend"), st.tuples(stage_changes, stage_changes)),
    ),
    max_size=12,
)


def changed(run: SimulatedRun, changes: tuple[dict[str, Any], ...]) -> CurriculumManifest:
    """The run's manifest with changes of those stages that are not over."""
    data = run.curriculum.manifest.model_dump(mode="json")
    for index, (span, change) in enumerate(zip(run.curriculum.spans, changes, strict=True)):
        if run.position < span.end:
            merged = data["stages"][index] | change
            data["stages"][index] = merged | {"max_epochs": dict.fromkeys(merged["mixture"], 9.0)}
    return CurriculumManifest.model_validate(data)


@settings(max_examples=20, deadline=None)
@given(actions)
def test_a_run_is_what_its_journal_tells_whatever_happens(actions: list[tuple[str, Any]]) -> None:
    """Amendments of either stage, rollbacks and early ends at any step: the past stays, a replay gives the
    same, and no row is read twice before all others have been."""
    epochs = {"max_epochs": {"en": 9, "zh": 9}}
    small = shard_manifest({"en": 6_400, "zh": 9_610, "code": 12_800})
    run = SimulatedRun(curriculum_manifest(UL2 | epochs, BLENDED | epochs), small)
    for action, value in actions:
        match action:
            case "advance":
                run.advance(value)
            case "roll back" if run.position:
                run.roll_back(value)
            case "end" if run.position:
                run.end_stage()
            case "amend":
                run.amend(changed(run, value))
    run.advance(1000)
    assert all_told(run.curriculum) == all_told(run.anew())
    assert run.curriculum.manifest == run.anew().manifest
    assert run.uneven() == {}
