"""Keys: uniform, and independent of what else is in the corpus."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.steps.shards.sampling_keys import HELDOUT, ORDER, keys, set_aside
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
