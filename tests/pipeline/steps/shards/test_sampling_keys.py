"""Keys: uniform, and independent of what else is in the corpus."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipeline.steps.shards.sampling_keys import HELDOUT, ORDER, WRITE, keys, set_aside
from pipeline.text.arrow.fixed_width import leading_uint64

HASHES = np.arange(100_000, dtype=np.uint64)


def test_share_held_out_is_right_and_stable_under_other_documents() -> None:
    held = set_aside(HASHES, 0.005, seed=3)
    assert 400 < held.sum() < 600
    assert set_aside(HASHES[::-1][:50_000], 0.005, seed=3).tolist() == held[::-1][:50_000].tolist()
    assert (held != set_aside(HASHES, 0.005, seed=4)).any()


def test_small_corpora_hold_out_one_document_and_none_if_none_is_wanted() -> None:
    assert set_aside(HASHES[:3], 0.005, seed=0).sum() == 1
    assert set_aside(HASHES[:3], 0, seed=0).sum() == 0
    assert set_aside(HASHES[:0], 0.005, seed=0).sum() == 0
    assert set_aside(HASHES[:3], 1, seed=0).all()


def test_those_of_one_hash_have_one_fate_the_lowest_too() -> None:
    lone = set_aside(np.repeat(HASHES[:30], 3), 1e-9, seed=3).reshape(30, 3)
    assert lone.any(axis=1).sum() == 1
    assert (lone.all(axis=1) == lone.any(axis=1)).all()


def test_uses_seeds_and_copies_draw_independently() -> None:
    one, other = keys(HASHES, 0, ORDER), keys(HASHES, 0, HELDOUT)
    copy, seeded = keys(HASHES, 0, ORDER, repeat=1), keys(HASHES, 1, ORDER)
    for column in (other, copy, seeded):
        assert abs(np.corrcoef(one.astype(float), column.astype(float))[0, 1]) < 0.02
    assert len(np.unique(one)) == len(HASHES)
    assert keys(HASHES[:1], 7, ORDER).tolist() == [keys(HASHES[:1], 7, ORDER, np.array([0]))[0]]


def test_hash_of_a_slice_is_its_own() -> None:
    column = pa.array([bytes([number]) + bytes(15) for number in range(5)], pa.binary(16))
    assert leading_uint64(column.slice(2, 2)).tolist() == [2, 3]
    assert leading_uint64(column.slice(5)).tolist() == []


def test_those_with_the_lowest_keys_of_their_own_use_are_held_out() -> None:
    """Drawn with the key of another use, they would be the first of an order or the last ones written."""
    drawn = keys(HASHES, 3, HELDOUT)
    held = set_aside(HASHES, 0.005, seed=3)
    assert held.tolist() == (drawn < 0.005 * 2.0**64).tolist()
    assert drawn[held].max() < drawn[~held].min()
    lone = set_aside(HASHES[:30], 1e-9, seed=3)
    assert np.flatnonzero(lone).tolist() == [drawn[:30].argmin()]


@pytest.mark.parametrize("use", [ORDER, WRITE])
def test_held_out_documents_stand_anywhere_in_the_other_orders(use: int) -> None:
    held = set_aside(HASHES, 0.05, seed=3)
    places = keys(HASHES[held], 3, use).astype(float) / 2.0**64
    assert places.mean() == pytest.approx(0.5, abs=0.02)  # 5000 of them: five standard deviations
    assert places.std() == pytest.approx(12**-0.5, abs=0.02)


def test_a_key_at_exactly_the_share_is_not_held_out() -> None:
    """Only keys whose last 11 bits are 0 are shares that a float can say."""
    drawn = keys(HASHES, 3, HELDOUT)
    row = np.flatnonzero(drawn % np.uint64(2048) == 0)[0]
    share = float(drawn[row]) / 2.0**64
    assert not set_aside(HASHES, share, seed=3)[row]
    assert set_aside(HASHES, float(np.nextafter(share, 1)), seed=3)[row]


def test_every_use_seed_and_copy_draws_keys_of_its_own() -> None:
    """As they are used: only what is written is repeated."""
    uses = [(ORDER, 0), (HELDOUT, 0), *((WRITE, repeat) for repeat in range(10))]
    drawn = [keys(HASHES[:100], seed, use, repeat) for seed in (0, 1) for use, repeat in uses]
    assert len(np.unique(np.concatenate(drawn))) == 100 * len(drawn)
