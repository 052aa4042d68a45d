"""Groupings and clusters against plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.runtime.arrow_files import write_batches
from pipeline.runtime.key_groups import Emit, Reduce
from pipeline.runtime.npy_files import save
from pipeline.steps.dedup import clusters, pairs
from pipeline.steps.dedup.buckets import BUCKET_BYTES, Hashes, Ranges, bucket_count
from pipeline.steps.dedup.clusters import WriteSizes, WriteSurvivors, histogram
from pipeline.steps.dedup.document_ids import DocumentIds, Sketches, document_ids
from pipeline.steps.dedup.group_files import CUT, PAIR
from pipeline.steps.dedup.pairs import AddSketches, Candidates, Compare, Halves, Similar, reduce_similar
from pipeline.steps.dedup.shuffle import (
    BAND,
    HASH,
    NEIGHBOURS,
    PARAGRAPH,
    ReduceBands,
    ReduceParagraphs,
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
    save(folder / "ranks.npy", np.tile(np.arange(documents, dtype=np.uint64), (2, 1)))
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
        (rank, 5, members[0]) for members in groups.values() for rank in members[1:] if rank >= old
    )


def test_a_template_s_thousand_members_make_a_linear_number_of_pairs() -> None:
    pairs = np.frombuffer(ReduceBands()(0, packed([(1, rank) for rank in range(1000)], BAND, 3)), PAIR)
    near = pairs[pairs["first"] > 0]
    assert len(near) == 999 * NEIGHBOURS - NEIGHBOURS * (NEIGHBOURS + 1) // 2
    assert np.all(near["second"] - near["first"] <= NEIGHBOURS)
    assert pairs["second"][pairs["first"] == 0].tolist() == list(range(1, 1000)), "each meets the best one"


def test_a_pair_of_several_bands_is_one_candidate() -> None:
    assert np.frombuffer(
        ReduceBands()(0, packed([(1, 4), (2, 4), (1, 9), (2, 9)], BAND, 1)), PAIR
    ).tolist() == [(4, 9)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(1, 7))
def test_every_key_goes_to_one_bucket(keys: list[int], count: int) -> None:
    array = np.array(keys, np.uint64)
    dealt = {
        bucket: np.frombuffer(payload, np.uint64).tolist()
        for bucket, payload in Hashes(count).deal(array, array)
    }
    expected: dict[int, list[int]] = {}
    for key in keys:
        expected.setdefault((key >> 32) * count >> 32, []).append(key)
    assert dealt == expected


def test_buckets_are_of_one_size_whatever_the_corpus() -> None:
    assert bucket_count(0) == bucket_count(BUCKET_BYTES) == 1
    assert bucket_count(320 * BUCKET_BYTES - 1) == 320


def packed_pairs(pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Pairs of ranks as the step packs them."""
    return np.array([tuple(pair) for pair in pairs], PAIR)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=60), st.integers(1, 9))
def test_buckets_of_pairs_are_ranges_of_ranks_in_order(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[int, int]], total: int
) -> None:
    path = tmp_path_factory.mktemp("pairs") / "pairs"
    packed_pairs(pairs).tofile(path)
    dealt = dict(Similar(Ranges(100, total))(0, path))
    seconds = [np.frombuffer(dealt[bucket], PAIR)["second"].tolist() for bucket in sorted(dealt)]
    assert [rank for bucket in seconds for rank in sorted(bucket)] == sorted(second for _, second in pairs)


def judged(better: dict[int, set[int]], sketches: np.ndarray, least: float) -> list[int]:
    """Each document's survivor, one after the other, in plain Python; ``better``: similar ones by document."""
    survivors: list[int] = []
    for document, sketch in enumerate(sketches):
        similar = sorted(better.get(document, ()))
        stay = [other for other in similar if survivors[other] == other]
        further = [
            survivors[other] for other in similar if (sketch == sketches[survivors[other]]).mean() >= least
        ]
        survivors.append(min(stay or further or [document]))
    return survivors


EDGES = st.lists(
    st.tuples(st.integers(0, 29), st.integers(0, 29)).filter(lambda pair: pair[0] < pair[1]), max_size=80
)


@settings(max_examples=200, deadline=None)
@given(EDGES, st.integers(0, 9), st.integers(1, 3), st.integers(1, 40), st.integers(0, 30))
def test_verdicts_are_those_of_one_document_after_the_other(
    tmp_path_factory: pytest.TempPathFactory,
    edges: list[tuple[int, int]],
    seed: int,
    buckets: int,
    block: int,
    old: int,
) -> None:
    folder = tmp_path_factory.mktemp("verdicts")
    sketches = np.random.default_rng(seed).integers(1, 3, (30, BINS), dtype=np.uint8)
    better: dict[int, set[int]] = {}
    for one, other in edges:
        better.setdefault(other, set()).add(one)
    expected = judged(better, sketches, 0.5)
    edges = sorted({pair for pair in edges if pair[1] >= old}, key=lambda pair: pair[::-1])
    files = []
    for number in range(buckets):
        files.append(folder / f"{number}")
        packed_pairs(pair for pair in edges if pair[1] * buckets // 30 == number).tofile(files[-1])
    save(folder / "originals.npy", np.arange(30, dtype=np.uint64))
    known = document_ids([], [key_file(folder / "keys", sketches, 7)])
    work = WriteSurvivors(known, unranked(folder, 30), folder / "originals.npy", tuple(files), 0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "BLOCK", block)
        # An index's verdicts on its documents are those of a joint run.
        known_before = [np.array(expected[:old], np.uint64)]
        patch.setattr(clusters, "indexed_survivors", lambda indexes: known_before)
        work(0, folder / "survivors.npy")
    assert np.load(folder / "survivors.npy").tolist() == expected


def test_a_copy_of_a_dropped_document_is_dropped_for_the_same_one(tmp_path: Path) -> None:
    save(tmp_path / "originals.npy", np.array([0, 1, 1, 3], np.uint64))
    packed_pairs([(0, 1)]).tofile(tmp_path / "pairs")
    known = document_ids([], [key_file(tmp_path / "keys", np.ones((4, BINS), np.uint8), 4)])
    ranks = unranked(tmp_path, 4)
    WriteSurvivors(known, ranks, tmp_path / "originals.npy", (tmp_path / "pairs",), 0.5)(0, tmp_path / "out")
    assert np.load(tmp_path / "out").tolist() == [0, 0, 0, 3]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(0, 8))
def test_clusters_are_counted_with_their_survivors(
    tmp_path_factory: pytest.TempPathFactory, better: list[int], old: int
) -> None:
    survivors = np.array([*range(10), *better], np.uint64)
    folder = tmp_path_factory.mktemp("sizes")
    save(folder / "survivors.npy", survivors)
    WriteSizes(folder / "survivors.npy", old)(0, folder / "sizes.npy")
    sizes = np.load(folder / "sizes.npy")
    own = survivors[old:].tolist()
    expected = [own.count(rank) + (rank < old and rank in own) for rank in range(len(survivors))]
    assert sizes.tolist() == expected
    assert histogram(sizes) == {
        f"clusters/{size}": expected.count(size) for size in sorted(set(expected)) if size > 1
    }


def key_file(path: Path, sketches: np.ndarray, chunk: int) -> Path:
    """A key file in which only the sketches matter, in several chunks."""
    empty = {
        "id": "",
        "hash": bytes(16),
        "source": 0,
        "perplexity": 0.0,
        "bytes": 0,
        "bands": [1, 0],
        "paragraphs": [],
    }
    rows = [{**empty, "sketch": sketch.tobytes()} for sketch in sketches]
    with pa.ipc.new_file(path, schema(1)) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema(1)), max_chunksize=chunk)
    return path


@pytest.mark.parametrize("near", [pairs.NEAR_BYTES, 2 * BINS, 1])
def test_pairs_are_verified_at_the_border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: int) -> None:
    monkeypatch.setattr(pairs, "NEAR_BYTES", near)
    sketches = np.zeros((3, BINS), np.uint8)
    sketches[:, :8] = 1
    sketches[1, :2], sketches[2, :3] = 2, 3
    known = document_ids([], [key_file(tmp_path / "keys", sketches, 2)])
    assert similar(tmp_path, known, [(0, 2), (1, 2), (0, 1), (0, 1)], 0.75, 2) == [(0, 1)]
    assert similar(tmp_path, known, [(0, 2), (1, 2), (0, 1)], 0.0, 3) == [(0, 1), (0, 2), (1, 2)]


def similar(
    folder: Path, known: DocumentIds, pairs: list[tuple[int, int]], least: float, buckets: int
) -> list[tuple[int, int]]:
    """The pairs that the groupings of ``pairs`` find similar; ranks are the documents' numbers."""
    numbers, ranks = Ranges(known.documents, buckets), unranked(folder, known.documents)
    packed_pairs(pairs).tofile(folder / "candidates")
    halves = grouped([folder / "candidates"], Candidates(ranks, numbers), AddSketches(ranks, known, least))
    compared = grouped(halves, Halves(numbers), Compare(known, least))
    found = grouped(compared, Similar(numbers), reduce_similar)
    return [pair for path in found for pair in np.fromfile(path, PAIR).tolist()]


def grouped(sources: Sequence[Path], emit: Emit, reduce: Reduce) -> list[Path]:
    """A grouping without an engine, beside its sources."""
    buckets = defaultdict[int, list[bytes]](list)
    for index, path in enumerate(sources):
        for bucket, payload in emit(index, path):
            buckets[bucket].append(payload)
    folder = sources[0].parent / type(emit).__name__
    folder.mkdir(exist_ok=True)
    files = [folder / f"bucket-{bucket}" for bucket in sorted(buckets)]
    for bucket, path in zip(sorted(buckets), files, strict=True):
        path.write_bytes(reduce(bucket, buckets[bucket]))
    return files


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
