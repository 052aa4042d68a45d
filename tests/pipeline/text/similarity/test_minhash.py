"""Signatures against datasketch's own."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.text.similarity.minhash import EMPTY, band_keys, fingerprints, permutations, signatures, sketch
from pipeline.text.similarity.one_permutation import BINS, agreement, lower_bins, seal
from pipeline.text.similarity.shingles import BLOCK, shingles
from tests.pipeline.text.similarity.plain_paragraphs import finalize

SUTRA = "如是我闻。一时，佛在舍卫国祇树给孤独园，与大比丘众千二百五十人俱。尔时，世尊食时，着衣持钵，入舍卫大城乞食。"
GETTYSBURG = "Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in Liberty."


def datasketch_values(hashes: list[int], count: int, seed: int) -> list[int]:
    return list(MinHash.bulk([hashes], num_perm=count, seed=seed, hashfunc=int)[0].hashvalues.tolist())


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=20), min_size=1, max_size=5),
    st.integers(1, 112),
    st.integers(0, 2**31),
)
def test_the_values_are_datasketch_s(sets: list[list[int]], count: int, seed: int) -> None:
    starts = np.cumsum([0, *(len(members) for members in sets)])
    hashes = np.array([value for members in sets for value in members], np.uint32)
    found = sketch(hashes, starts, permutations(count, seed))
    assert found.tolist() == [datasketch_values(members, count, seed) for members in sets]


def test_blocks_do_not_change_the_values() -> None:
    hashes = np.random.default_rng(5).integers(0, 2**32, 2 * BLOCK + 17, dtype=np.uint32)
    found = sketch(hashes, np.array([0, len(hashes)]), permutations(112, 1))
    assert found[0].tolist() == datasketch_values(hashes.tolist(), 112, 1)


@pytest.mark.parametrize("text", [SUTRA, GETTYSBURG, GETTYSBURG * 500, SUTRA * 300, "word"])
def test_a_text_s_signature_is_that_of_its_shingles(text: str) -> None:
    texts, parameters = pa.array(["", text, "—"]), permutations(112, 1)
    hashes, starts = shingles(texts)
    assert np.array_equal(signatures(texts, parameters), sketch(hashes, starts, parameters))


def test_a_text_without_letters_has_an_empty_signature() -> None:
    assert np.all(signatures(pa.array(["。。。", "", None]), permutations(16, 1)) == EMPTY)


def test_a_slice_gives_the_same_as_the_whole() -> None:
    texts, parameters = pa.array([SUTRA, GETTYSBURG, "学而时习之"]), permutations(32, 1)
    assert np.array_equal(signatures(texts.slice(1), parameters), signatures(texts, parameters)[1:])


def test_agreement_estimates_jaccard() -> None:
    words = [f"w{index}" for index in range(2000)]
    pair = signatures(pa.array([" ".join(words), " ".join(words[400:])]), permutations(1024, 1))
    assert abs((pair[0] == pair[1]).mean() - 0.8) < 0.05


def test_bands_agree_exactly_where_their_rows_do() -> None:
    one = signatures(pa.array([GETTYSBURG]), permutations(112, 1))[0]
    other = one.copy()
    other[17] ^= 1
    keys = band_keys(np.stack([one, other]), 14, 8)
    assert np.flatnonzero(keys[0] != keys[1]).tolist() == [2]
    repeated = band_keys(np.tile(np.arange(8, dtype=np.uint32), 14)[None], 14, 8)
    assert len(set(repeated[0].tolist())) == 14


@given(st.integers(1, 5), st.integers(1, 5), st.randoms(use_true_random=False))
def test_band_keys_by_their_definition(bands: int, rows: int, random: Random) -> None:
    values = [[random.randrange(2**32) for _ in range(bands * rows)] for _ in range(3)]
    expected = []
    for signature in values:
        keys = [band + 1 for band in range(bands)]
        for row, value in enumerate(signature):
            keys[row // rows] = (finalize(keys[row // rows] ^ value) + row) % 2**64
        expected.append(keys)
    assert band_keys(np.array(values, np.uint32), bands, rows).tolist() == expected


def sketched(hashes: list[int], minima: np.ndarray) -> np.ndarray:
    sealed = np.empty(BINS, np.uint8)
    lower_bins(np.array(hashes, np.uint32), len(hashes), minima)
    seal(minima, sealed)
    return sealed


def byte(hash_: int) -> int:
    return (hash_ * 0x9E3779B1 % 2**32 >> 8) % 255 + 1


HASHES = st.lists(
    st.one_of(st.integers(0, 2**32 - 2), st.integers(0, 40).map(lambda low: 3 << 23 | low)), max_size=40
)


@settings(max_examples=100, deadline=None)
@given(HASHES, HASHES, st.randoms())
def test_a_sketch_keeps_a_byte_of_each_bin_s_lowest_hash(
    one: list[int], other: list[int], random: object
) -> None:
    minima = np.full(BINS, EMPTY, np.uint32)
    found = []
    for members in (one, other):
        lowest = {
            place: min(value for value in members if value >> 23 == place)
            for place in {value >> 23 for value in members}
        }
        shuffled = [*members, *members]
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        found.append(sketched(shuffled, minima))
        assert {place: int(value) for place, value in enumerate(found[-1]) if value} == {
            place: byte(low) for place, low in lowest.items()
        }
    equal, filled = agreement(found[0][None], found[1][None])[:, 0].tolist()
    assert equal == sum(a == b > 0 for a, b in zip(found[0].tolist(), found[1].tolist(), strict=True))
    assert filled == len({value >> 23 for value in (*one, *other)})


@given(
    st.lists(
        st.text(
            st.one_of(st.sampled_from("ab 学习，。"), st.characters(exclude_categories=["Cs"])), max_size=60
        ),
        max_size=4,
    )
)
@example(["", SUTRA * 300, "—", GETTYSBURG])
def test_a_text_s_fingerprints_are_those_of_its_shingles(documents: list[str]) -> None:
    texts = pa.array(["。", *documents, ""])
    found, sketches = fingerprints(texts, permutations(8, 1))
    hashes, starts = shingles(texts)
    minima = np.full(BINS, EMPTY, np.uint32)
    assert np.array_equal(found, sketch(hashes, starts, permutations(8, 1)))
    for row in range(len(texts)):
        assert np.array_equal(
            sketches[row],
            sketched([finalized(value) for value in hashes[starts[row] : starts[row + 1]].tolist()], minima),
        )
    assert not sketches[[0, -1]].any()


def finalized(value: int) -> int:
    """MurmurHash3's 32-bit finalizer."""
    value = (value ^ value >> 16) * 0x85EBCA6B % 2**32
    value = (value ^ value >> 13) * 0xC2B2AE35 % 2**32
    return value ^ value >> 16


@pytest.mark.parametrize(("words", "shared"), [(120, 100), (5000, 4400), (20000, 15000)])
def test_sketches_estimate_jaccard(words: int, shared: int) -> None:
    names = [f"w{index}" for index in range(2 * words - shared)]
    _, sketches = fingerprints(
        pa.array([" ".join(names[:words]), " ".join(names[words - shared :])]), permutations(8, 1)
    )
    equal, filled = agreement(sketches[:1], sketches[1:])[:, 0].tolist()
    exact = (shared - 4) / (2 * (words - 4) - (shared - 4))
    # Three standard deviations.
    assert abs(equal / filled - exact) < 3 * (exact * (1 - exact) / filled) ** 0.5
