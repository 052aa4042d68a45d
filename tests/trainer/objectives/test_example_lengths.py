"""How long an example will be is known before it is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.schema.objectives import InstructionObjective, PrefixObjective, UL2Objective
from tests.trainer.examples import SMALL
from tests.trainer.objectives.test_instruction import ragged
from trainer.objectives import Pairs, build

STREAMS: dict[str, UL2Objective | PrefixObjective] = {
    "released": UL2Objective(kind="ul2", chunk=64, preset="openba-released"),
    "paper": UL2Objective(kind="ul2", chunk=64, preset="ul2"),
    "boundaries": UL2Objective(kind="ul2", chunk=64, preset="ul2", boundaries=True),
    "prefix": PrefixObjective(kind="prefix", source=40, target=24),
}


@pytest.mark.parametrize("name", STREAMS)
@settings(deadline=None, max_examples=30)
@given(seeds=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6))
def test_lengths_of_chunks(name: str, seeds: list[int]) -> None:
    objective, noise = build(STREAMS[name], SMALL), np.array(seeds, dtype=np.uint64)
    tokens = np.full((len(seeds), 64), 9, dtype=np.uint32)
    for denoiser in range(objective.shape.denoisers):
        told = objective.lengths(np.zeros((2, len(seeds)), np.int64), denoiser, noise)
        made = objective.apply(tokens, denoiser, noise).lengths
        for side in range(2):
            assert told[side].tolist() == made[side].tolist()
            assert told[side].max() <= objective.shape.longest[side]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), min_size=1, max_size=6))
def test_lengths_of_pairs(pairs: list[tuple[int, int]]) -> None:
    objective = build(InstructionObjective(kind="instruction", source=24, target=9), SMALL)
    sides: Any = zip(*pairs, strict=True)
    samples = Pairs(*(ragged(*([7] * length for length in side)) for side in sides))
    noise = np.zeros(len(pairs), dtype=np.uint64)
    told, made = objective.lengths(np.array(pairs).T, 0, noise), objective.apply(samples, 0, noise).lengths
    assert [side.tolist() for side in told] == [side.tolist() for side in made]
