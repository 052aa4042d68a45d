"""Groupings and clusters against plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.runtime.arrow_files import write_batches
from pipeline.runtime.npy_files import save
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.dedup.clusters import Verify, flatten, histogram, unite
from pipeline.steps.dedup.document_ids import Sketches, document_ids
from pipeline.steps.dedup.shuffle import (
    BAND,
    BUCKET_BYTES,
    CUT,
    HASH,
    NEIGHBOURS,
    PAIR,
    PARAGRAPH,
    PASS_BUCKETS,
    ReduceBands,
    ReduceParagraphs,
    Share,
    passes,
    reduce_exact,
)
from pipeline.steps.dedup.signatures import schema
from pipeline.text.similarity.one_permutation import BINS

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=30, unique_by=lambda row: row[1])


def packed(rows: Sequence[tuple[int, ...]], dtype: np.dtype, cuts: int) -> list[bytes]:
    """The rows in several payloads."""
    records = np.array([tuple(row) for row in rows], dtype)
    return [piece.tobytes() for piece in np.array_split(records, cuts)]


def unranked(folder: Path, documents: int) -> Path:
    """A file of ranks that are the documents' numbers."""
    save(folder / "ranks.npy", np.tile(np.arange(documents, dtype=np.uint32), (2, 1)))
    return folder / "ranks.npy"


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unranked(tmp_path_factory.mktemp("ranks"), 51)


@settings(max_examples=100, deadline=None)
@given(ROWS, st.integers(1, 4), st.integers(0, 51), st.randoms())
def test_groupings_do_not_depend_on_the_order_of_arrival(
    ranks: Path, rows: list[tuple[int, int]], cuts: int, old: int, random: object
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    groups: dict[int, list[int]] = {}
    for key, rank in sorted(rows):
        groups.setdefault(key, []).append(rank)
    exact = np.frombuffer(
        reduce_exact(0, packed([(7, key, rank) for key, rank in shuffled], HASH, cuts)), PAIR
    )
    assert sorted(exact.tolist()) == sorted(
        (members[0], rank) for members in groups.values() for rank in members[1:]
    )
    pairs = np.frombuffer(ReduceBands(old)(0, packed(shuffled, BAND, cuts)), PAIR)
    assert pairs.tolist() == sorted(
        pair for members in groups.values() for pair in combinations(members, 2) if pair[1] >= old
    )
    paragraphs = packed([(key, rank, 5) for key, rank in shuffled], PARAGRAPH, cuts)
    again = np.frombuffer(ReduceParagraphs(ranks, old)(0, paragraphs), CUT)
    assert again.tolist() == sorted(
        (rank, 5) for members in groups.values() for rank in members[1:] if rank >= old
    )


def test_a_template_s_thousand_members_make_a_linear_number_of_pairs() -> None:
    pairs = np.frombuffer(ReduceBands()(0, packed([(1, rank) for rank in range(1000)], BAND, 3)), PAIR)
    assert len(pairs) == 1000 * NEIGHBOURS - NEIGHBOURS * (NEIGHBOURS + 1) // 2
    assert np.all(pairs["second"] - pairs["first"] <= NEIGHBOURS)


def test_a_pair_of_several_bands_is_one_candidate() -> None:
    assert np.frombuffer(
        ReduceBands()(0, packed([(1, 4), (2, 4), (1, 9), (2, 9)], BAND, 1)), PAIR
    ).tolist() == [(4, 9)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(1, 7), st.integers(1, 4))
def test_every_key_goes_to_one_bucket_of_one_pass(keys: list[int], total: int, step: int) -> None:
    dealt: dict[int, list[int]] = {}
    array = np.array(keys, np.uint64)
    for first in range(0, total, step):
        share = Share(first, min(step, total - first), total)
        for bucket, payload in share.deal(array, array):
            assert 0 <= bucket < share.count
            dealt[first + bucket] = np.frombuffer(payload, np.uint64).tolist()
    expected: dict[int, list[int]] = {}
    for key in keys:
        expected.setdefault((key >> 32) * total >> 32, []).append(key)
    assert dealt == expected


def test_passes_bound_what_is_grouped_at_a_time() -> None:
    assert passes(0) == passes(BUCKET_BYTES) == [Share(0, 1, 1)]
    shares = passes(5 * PASS_BUCKETS * BUCKET_BYTES // 2)
    assert [(share.first, share.count) for share in shares] == [(0, 128), (128, 128), (256, 64)]
    assert {share.total for share in shares} == {320}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30), st.integers(0, 20))
def test_components_are_named_by_their_best_rank(edges: list[tuple[int, int]], old: int) -> None:
    parents = np.arange(20, dtype=np.uint32)
    unite(
        parents,
        np.array([one for one, _ in edges], np.uint32),
        np.array([other for _, other in edges], np.uint32),
    )
    flatten(parents)
    expected = list(range(20))
    for _ in edges:
        for one, other in edges:
            expected[one] = expected[other] = min(expected[one], expected[other])
    assert parents.tolist() == expected
    own = expected[old:]
    sizes = [own.count(root) + (root < old) for root in set(own)]
    assert histogram(parents[old:], old) == {
        f"clusters/{size}": sizes.count(size) for size in sorted(set(sizes)) if size > 1
    }


def key_file(path: Path, sketches: np.ndarray, chunk: int) -> Path:
    """A key file in which only the sketches matter, in several chunks."""
    empty = {
        "id": "",
        "hash": bytes(16),
        "source": 0,
        "perplexity": 0.0,
        "bytes": 0,
        "bands": [1],
        "paragraphs": [],
    }
    rows = [{**empty, "sketch": sketch.tobytes()} for sketch in sketches]
    with pa.ipc.new_file(path, schema(1)) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema(1)), max_chunksize=chunk)
    return path


def test_pairs_are_verified_at_the_border(tmp_path: Path) -> None:
    sketches = np.zeros((3, BINS), np.uint8)
    sketches[:, :8] = 1
    sketches[1, :2], sketches[2, :3] = 2, 3
    known = document_ids([], [key_file(tmp_path / "keys", sketches, 2)])
    np.array([(0, 1), (0, 2), (1, 2)], PAIR).tofile(tmp_path / "pairs")
    Verify((tmp_path / "pairs",), unranked(tmp_path, 3), known, 0.75)(0, tmp_path / "out")
    assert np.fromfile(tmp_path / "out", PAIR).tolist() == [(0, 1)]


def test_more_documents_than_there_are_ranks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pipeline.steps.dedup.document_ids.open_table", lambda path: pa.table({"x": pa.nulls(path)})
    )
    monkeypatch.setattr("pipeline.steps.dedup.document_ids.MOST_DOCUMENTS", 10)
    assert document_ids([4], [6]).documents == 10  # type: ignore[list-item]
    with pytest.raises(
        PipelineError,
        match="11 documents, those of the index included, are more than the 10 that it can number",
    ):
        document_ids([5], [6])  # type: ignore[list-item]


def test_sketches_are_found_wherever_they_lie(tmp_path: Path) -> None:
    sketches = np.random.default_rng(1).integers(0, 256, (17, BINS), dtype=np.uint8)
    files = [
        key_file(tmp_path / f"{first}", sketches[first : first + size], 3)
        for first, size in ((0, 7), (7, 1), (8, 9))
    ]
    write_batches(tmp_path / "none", schema(1), [])
    known = document_ids(files[:1], [tmp_path / "none", *files[1:]])
    assert (known.documents, known.old, known.own) == (17, 7, (tmp_path / "none", *files[1:]))
    numbers = np.array([16, 0, 7, 6, 6, 8, 3, 16])
    assert np.array_equal(Sketches(known).take(numbers), sketches[numbers])
    assert Sketches(known).take(numbers[:0]).shape == (0, BINS)
