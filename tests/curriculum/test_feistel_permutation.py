from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curriculum.feistel_permutation import permute, position_of
from curriculum.keyed_hash import key, seeds


def keys(secret: int, count: int) -> np.ndarray:
    return np.full(count, secret, dtype=np.uint64)


@given(st.integers(1, 3000), st.integers(0, 2**64 - 1))
def test_every_row_comes_once(size: int, secret: int) -> None:
    rows = permute(np.arange(size), size, keys(secret, size))
    assert np.array_equal(np.sort(rows), np.arange(size))


@given(st.integers(1, 2**50), st.data())
def test_rows_of_large_sets_stay_in_range_and_do_not_depend_on_the_batch(
    size: int, data: st.DataObject
) -> None:
    positions = np.array(data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=20, unique=True)))
    rows = permute(positions, size, keys(7, len(positions)))
    assert rows.min() >= 0
    assert rows.max() < size
    assert len(set(rows.tolist())) == len(positions)
    assert permute(positions[:1], size, keys(7, 1))[0] == rows[0]


@given(st.integers(1, 2**50), st.integers(1, 40), st.integers(0, 2**64 - 1))
def test_rows_do_not_depend_on_how_many_are_walked_together(size: int, count: int, secret: int) -> None:
    positions = np.arange(count) * (size // count)
    together = permute(positions, size, keys(secret, count))
    alone = [int(permute(positions[place : place + 1], size, keys(secret, 1))[0]) for place in range(count)]
    assert together.tolist() == alone
    assert position_of(together, size, keys(secret, count)).tolist() == positions.tolist()


def test_the_order_looks_random() -> None:
    size = 10_000
    rows = permute(np.arange(size), size, keys(3, size))
    other = permute(np.arange(size), size, keys(4, size))
    assert abs(np.corrcoef(np.arange(size), rows)[0, 1]) < 0.03
    assert abs(np.corrcoef(rows[:-1], rows[1:])[0, 1]) < 0.03
    assert abs(np.corrcoef(rows, other)[0, 1]) < 0.03
    assert np.count_nonzero(rows == other) < 10


def test_no_rows_cannot_be_permuted() -> None:
    with pytest.raises(ValueError, match="cannot permute 0 rows"):
        permute(np.arange(0), 0, keys(0, 0))


def test_keys_and_seeds_are_pinned() -> None:
    assert int(key(1, "ul2", "order")) == 7987756639212815377
    assert seeds(key(1, "ul2", "order"), 10**15, 2).tolist() == [9050364348107950409, 15012072931190986670]
    assert permute(np.arange(6), 6, keys(1, 6)).tolist() == [0, 2, 4, 5, 1, 3]
