"""Groupings and clusters against plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.clusters import Verify, flatten, histogram, unite
from pipeline.dedup.groups import BAND, CUT, HASH, NEIGHBOURS, PAIR, PARAGRAPH, reduce_bands, reduce_exact, reduce_paragraphs
from pipeline.dedup.ranks import save

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=30, unique_by=lambda row: row[1])


def packed(rows: Sequence[tuple[int, ...]], dtype: np.dtype, cuts: int) -> list[bytes]:
    """The rows in several payloads."""
    records = np.array([tuple(row) for row in rows], dtype)
    return [piece.tobytes() for piece in np.array_split(records, cuts)]


@settings(max_examples=100, deadline=None)
@given(ROWS, st.integers(1, 4), st.randoms())
def test_groupings_do_not_depend_on_the_order_of_arrival(rows: list[tuple[int, int]], cuts: int, random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    groups: dict[int, list[int]] = {}
    for key, rank in sorted(rows):
        groups.setdefault(key, []).append(rank)
    exact = np.frombuffer(reduce_exact(0, packed([(7, key, rank) for key, rank in shuffled], HASH, cuts)), PAIR)
    assert sorted(exact.tolist()) == sorted((ranks[0], rank) for ranks in groups.values() for rank in ranks[1:])
    pairs = np.frombuffer(reduce_bands(0, packed(shuffled, BAND, cuts)), PAIR)
    assert pairs.tolist() == sorted(pair for ranks in groups.values() for pair in combinations(ranks, 2))
    again = np.frombuffer(reduce_paragraphs(0, packed([(key, rank, 5) for key, rank in shuffled], PARAGRAPH, cuts)), CUT)
    assert again.tolist() == sorted((rank, 5) for ranks in groups.values() for rank in ranks[1:])


def test_a_template_s_thousand_members_make_a_linear_number_of_pairs() -> None:
    pairs = np.frombuffer(reduce_bands(0, packed([(1, rank) for rank in range(1000)], BAND, 3)), PAIR)
    assert len(pairs) == 1000 * NEIGHBOURS - NEIGHBOURS * (NEIGHBOURS + 1) // 2
    assert np.all(pairs["second"] - pairs["first"] <= NEIGHBOURS)


def test_a_pair_of_several_bands_is_one_candidate() -> None:
    assert np.frombuffer(reduce_bands(0, packed([(1, 4), (2, 4), (1, 9), (2, 9)], BAND, 1)), PAIR).tolist() == [(4, 9)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_components_are_named_by_their_best_rank(edges: list[tuple[int, int]]) -> None:
    parents = np.arange(20, dtype=np.uint32)
    unite(parents, np.array([one for one, _ in edges], np.uint32), np.array([other for _, other in edges], np.uint32))
    flatten(parents)
    expected = list(range(20))
    for _ in edges:
        for one, other in edges:
            expected[one] = expected[other] = min(expected[one], expected[other])
    assert parents.tolist() == expected
    assert sum(int(size.split("/")[1]) * count for size, count in histogram(parents).items()) == sum(
        expected.count(root) for root in set(expected) if expected.count(root) > 1
    )


def test_pairs_are_verified_at_the_border(tmp_path: Path) -> None:
    signatures = np.zeros((3, 8), np.uint32)
    signatures[1, :2], signatures[2, :3] = 1, 2
    save(tmp_path / "signatures.npy", signatures)
    save(tmp_path / "ranks.npy", np.tile(np.arange(3, dtype=np.uint32), (2, 1)))
    np.array([(0, 1), (0, 2), (1, 2)], PAIR).tofile(tmp_path / "pairs")
    Verify((tmp_path / "pairs",), tmp_path / "ranks.npy", tmp_path / "signatures.npy", 0.75)(0, tmp_path / "out")
    assert np.fromfile(tmp_path / "out", PAIR).tolist() == [(0, 1)]
