"""The inverse of ``step(k)`` names the steps that a walk through all of them finds."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.curriculum import Curriculum
from curriculum.feistel_permutation import permute, position_of
from curriculum.journal_events import Rollback, StageEndedEarly
from curriculum.lookup import steps_that_read
from tests.curriculum.test_blend import SHARDS, journal, whole
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

EVENTS = (
    Rollback(step=5, to=0, reason="before the first checkpoint"),
    Rollback(step=12, to=10, reason="spike"),
    Rollback(step=33, to=29, reason="in the blend"),
    StageEndedEarly(stage="length", step=40, reason="plateau"),
    Rollback(step=46, to=41, reason="later"),
)


def walked(curriculum: Curriculum) -> dict[tuple[str, str, int], list[int]]:
    """(stage, set, row) -> steps."""
    found = defaultdict(list)
    for k in range(curriculum.total_steps):
        for part in curriculum.step(k).parts:
            for index, row in zip(part.samples.set_index.tolist(), part.samples.rows.tolist(), strict=True):
                found[part.stage, part.sets[index], row].append(k)
    return found


@pytest.mark.parametrize("events", [(), EVENTS])
def test_every_row_is_found_at_the_steps_that_read_it(tmp_path: Path, events: tuple) -> None:
    curriculum = Curriculum(whole(), SHARDS, journal(tmp_path, *events))
    found = walked(curriculum)
    for index, span in enumerate(curriculum.spans):
        for source in span.stream.sources:
            for row in range(0, source.rows, 7):
                expected = found.get((span.stream.stage.name, source.name, row), [])
                assert steps_that_read(curriculum, index, source.name, row) == expected


def test_a_row_is_found_in_every_epoch() -> None:
    shards = shard_manifest({"en": 6_400, "zh": 6_400})
    manifest = curriculum_manifest(
        stage("ul2", {"en": 0.75, "zh": 0.25}, "32 K", max_epochs={"en": 4, "zh": 2})
    )
    curriculum = Curriculum(manifest, shards)
    found = walked(curriculum)
    for row in range(100):
        steps = steps_that_read(curriculum, 0, "en", row)
        assert len(steps) in (3, 4)
        assert steps == found["ul2", "en", row]
    with pytest.raises(KeyError):
        steps_that_read(curriculum, 0, "code", 1)


@given(st.integers(1, 10**15), st.integers(0, 2**64 - 1), st.data())
def test_positions_are_found_again(size: int, secret: int, data: st.DataObject) -> None:
    positions = np.array(data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=20)), np.int64)
    keys = np.full(len(positions), secret, np.uint64)
    assert position_of(permute(positions, size, keys), size, keys).tolist() == positions.tolist()
