"""Ids that do not fit into memory are compared by their hashes, in files, as sets of strings would be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import spilled_records
from manifests.id_hashes import KEY, absent, are_among, common, digest_of, hashes_of
from manifests.spilled_records import FILES, places, spilled

IDS = st.lists(st.text(max_size=3), max_size=30)


def batches(ids: Sequence[str], size: int = 7) -> list[pa.Array]:
    return [pa.array(ids[place : place + size], pa.string()) for place in range(0, len(ids), size)]


def named(ids: Sequence[str], hashes: np.ndarray) -> set[str]:
    """Those of the ids whose hashes these are."""
    column = pa.array(ids, pa.string())
    return set(column.filter(pa.array(are_among(column, hashes))).to_pylist())


@given(IDS, IDS, st.sampled_from([1, 1 << 25]))
def test_what_is_absent_and_what_is_common(one: list[str], other: list[str], buffer: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spilled_records, "BUFFER_BYTES", buffer)
        gone, both = absent(batches(one), batches(other)), common(batches(one), batches(other))
    assert (len(gone), named(one, gone)) == (len(set(one) - set(other)), set(one) - set(other))
    assert (len(both), named(one, both)) == (len(set(one) & set(other)), set(one) & set(other))
    assert np.array_equal(gone, np.sort(gone))


@given(IDS, st.randoms())
def test_a_digest_is_that_of_the_ids_in_any_order_each_as_often(ids: list[str], random: object) -> None:
    shuffled = list(ids)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert digest_of(batches(shuffled, 3)) == digest_of(batches(ids))
    for others in (["new", *ids[1:]], [*ids, "new"], [*ids, *ids[:1]] if ids else ["new"]):
        assert digest_of(batches(others)) != digest_of(batches(ids))


def test_records_come_back_once_by_key_in_the_order_of_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilled_records, "BUFFER_BYTES", 100)
    kind = np.dtype([*KEY.descr, ("number", "<i8")])
    given_records = np.empty(500, kind)
    given_records["key"] = np.random.default_rng(1).integers(0, 2**64, 50, np.uint64).repeat(10)
    given_records["number"] = np.random.default_rng(2).permutation(500)
    with spilled(kind, kind) as (records, none):
        for piece in np.array_split(given_records, 60):
            records.add(piece)
        found = np.concatenate([records.file(number) for number in range(FILES)])
        assert sum(len(none.file(number)) for number in range(FILES)) == 0
    assert np.array_equal(found, given_records[np.argsort(given_records["key"], kind="stable")])


def test_places_are_the_first_ones() -> None:
    keys = np.array([3, 3, 8], np.uint64)
    assert places(keys, np.array([8, 3, 4, 9, 0], np.uint64)).tolist() == [2, 0, -1, -1, -1]
    assert places(keys[:0], keys).tolist() == [-1, -1, -1]


def test_a_hash_is_of_the_bytes_of_an_id() -> None:
    hashes = hashes_of(pa.chunked_array([["a", None], ["", "学", "a"]]))
    assert hashes[0] == hashes[4]
    assert hashes[1] == hashes[2]
    assert len(set(hashes.tolist())) == 3
