"""The hash by which repeated pairs are found."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.steps.shards.pair_hashes import hash_pairs

TOKENS = st.lists(st.integers(0, 250_000), max_size=6)


def fnv1a(words: list[int]) -> int:
    """FNV-1a of 64 bits (Fowler, Noll and Vo), a word at a time."""
    value = 0xCBF29CE484222325
    for word in words:
        value = (value ^ word) * 0x100000001B3 % 2**64
    return value


def flat(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return np.array([token for row in rows for token in row], np.uint32), starts


@given(st.lists(st.tuples(TOKENS, TOKENS), max_size=5))
@example([([1, 2], [3]), ([1], [2, 3]), ([], [1, 2, 3]), ([], [])])
def test_a_pair_s_hash_is_that_of_its_prompt_a_border_and_its_target(
    pairs: list[tuple[list[int], list[int]]],
) -> None:
    prompts, targets = [prompt for prompt, _ in pairs], [target for _, target in pairs]
    found = hash_pairs(*flat(prompts), *flat(targets))
    assert found.tolist() == [fnv1a([*prompt, 0xFFFFFFFF, *target]) for prompt, target in pairs]
    assert len(set(found.tolist())) == len({(tuple(prompt), tuple(target)) for prompt, target in pairs})
