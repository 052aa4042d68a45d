"""Who computes which samples of a step: each once, within the budget, and nobody waits."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curriculum.packing import deal, pack, useful_share

SAMPLES = st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 300)), min_size=1, max_size=80)


@settings(deadline=None)
@given(SAMPLES, st.sampled_from([1, 2, 3, 8, 64]), st.integers(300, 2000))
def test_every_sample_is_computed_once_and_within_the_budget(
    samples: list[tuple[int, int]], ranks: int, budget: int
) -> None:
    costs, tokens = np.array(samples).T
    packed = pack(costs, tokens, ranks, budget)
    assert len(packed) == ranks
    assert len({len(parts) for parts in packed}) == 1, "ZeRO's calls meet: as many passes everywhere"
    parts = list(chain(*packed))
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(samples)))
    assert all(tokens[part].sum() <= budget for part in parts)
    assert all((np.diff(part) > 0).all() for part in parts), "in the step's order"
    again = pack(costs, tokens, ranks, budget)
    assert [part.tolist() for part in chain(*again)] == [part.tolist() for part in parts]


@settings(deadline=None)
@given(SAMPLES, st.integers(1, 20))
def test_no_part_costs_more_than_the_mean_and_one_sample(samples: list[tuple[int, int]], parts: int) -> None:
    """Graham's bound."""
    costs = np.array(samples)[:, 0]
    loads = [costs[part].sum() for part in deal(costs, parts)]
    assert max(loads) <= costs.sum() / parts + costs.max()


@settings(deadline=None)
@given(SAMPLES, st.sampled_from([1, 2, 3, 8]), st.integers(300, 2000))
def test_there_is_no_needless_micro_batch(samples: list[tuple[int, int]], ranks: int, budget: int) -> None:
    """At most twice what the fullest process needs: of two micro batches with room for both, one would be
    enough."""
    costs, tokens = np.array(samples).T
    packed = pack(costs, tokens, ranks, budget)
    most = max(int(sum(tokens[part].sum() for part in parts)) for parts in packed)
    assert len(packed[0]) <= max(1, 2 * -(-most // (budget - 299)) + 1)


def test_a_sample_beyond_the_budget_is_alone() -> None:
    tokens = np.array([900, 10, 20])
    assert sorted(part.tolist() for part in pack(tokens, tokens, 1, 50)[0]) == [[0], [1], [2]]


def test_a_process_without_samples_has_empty_micro_batches() -> None:
    costs = np.array([5, 4, 3])
    packed = pack(costs, costs, 5, 100)
    assert sorted(len(part) for parts in packed for part in parts) == [0, 0, 1, 1, 1]
    assert useful_share(costs, packed) == pytest.approx(12 / 25)


def test_short_and_long_samples_are_dealt_evenly() -> None:
    """Lognormal and cut, as lengths of instructions are: dealt in order, the fullest of 64 has half as much
    again as the mean."""
    costs = np.random.default_rng(0).lognormal(4, 1.2, 1024).clip(max=1024).astype(np.int64)
    assert useful_share(costs, pack(costs, costs, 64, 10**6)) > 0.99
    planned = costs.reshape(64, 16).sum(axis=1)
    assert planned.max() / planned.mean() > 1.5
