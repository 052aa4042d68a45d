"""Numbers that all packages draw and divide in the same way."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from manifests.json_lines import whole_lines
from manifests.largest_remainder import largest_remainder
from manifests.splitmix64 import GOLDEN_GAMMA, finalize, splitmix64, splitmix64_of_one


def test_splitmix64_gives_the_published_sequence() -> None:
    # The first outputs for seed 1234567 of the reference implementation (Vigna, splitmix64.c).
    seeds = np.uint64(1234567) + GOLDEN_GAMMA * np.arange(5, dtype=np.uint64)
    assert splitmix64(seeds).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(st.integers(0, 2**64 - 1))
def test_splitmix64_of_one_number_is_that_of_an_array(value: int) -> None:
    assert splitmix64_of_one(value) == splitmix64(np.array([value], np.uint64))[0]


def test_the_argument_of_splitmix64_stays_as_it_was() -> None:
    values = np.arange(3, dtype=np.uint64)
    splitmix64(values)
    assert values.tolist() == [0, 1, 2]
    assert finalize(values + GOLDEN_GAMMA).tolist() == splitmix64(values).tolist()


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=20), st.integers(0, 10**12))
def test_quotas_add_up_and_are_within_one_of_their_share(weights: list[int], total: int) -> None:
    quotas = largest_remainder(weights, total)
    assert largest_remainder([Fraction(weight, 7) for weight in weights], total) == quotas
    assert sum(quotas) == (total if sum(weights) else 0)
    for weight, quota in zip(weights, quotas, strict=True):
        assert not sum(weights) or abs(quota - Fraction(weight * total, sum(weights))) < 1


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    assert whole_lines(file) == []
    file.write_bytes('{"a": "道"}\n{"a": 2}\n{"a"'.encode())
    assert whole_lines(file) == ['{"a": "道"}\n'.encode(), b'{"a": 2}\n']
