from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curriculum.curriculum import Curriculum
from curriculum.pair_lengths import PairLengths
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

LENGTHS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 30)), min_size=1, max_size=40)


@given(LENGTHS, st.integers(1, 40), st.integers(1, 20))
def test_what_is_cut_is_what_there_is_no_room_for(
    pairs: list[tuple[int, int]], prompt: int, target: int
) -> None:
    columns = np.array(pairs).T
    blocks = [tuple(columns[:, at : at + 7]) for at in range(0, len(pairs), 7)]
    cut = PairLengths.of(blocks).cut(prompt, target)
    assert cut.pairs == len(pairs)
    assert cut.prompts == sum(one > prompt for one, _ in pairs)
    assert cut.targets == sum(one > target for _, one in pairs)
    read = sum(min(one, prompt) + min(other, target) for one, other in pairs)
    assert cut.tokens == sum(map(sum, pairs)) - read


def test_a_stage_of_pairs_that_are_cut_reads_as_many_tokens_as_it_says() -> None:
    """1,000 pairs of 90 + 10 tokens, of whose prompts 57 are read: 67 tokens of each."""
    shards = shard_manifest({}, {"biflan_en": (100_000, 1000)})
    flan = stage(
        "flan", {"biflan_en": 1.0}, 53_600, objective={"kind": "instruction", "source": 60, "target": 16}
    )
    lengths = PairLengths.of([(np.full(1000, 90), np.full(1000, 10))])
    (whole,), (cut,) = (
        Curriculum(curriculum_manifest(flan), shards, pairs=pairs).spans
        for pairs in ({}, {"biflan_en": lengths})
    )
    assert (whole.read(whole.steps)[0], cut.read(cut.steps)[0]) == (536, 800)


def test_a_set_that_loses_more_gives_more_samples() -> None:
    shards = shard_manifest({}, {"biflan_en": (100_000, 1000), "biflan_zh": (100_000, 1000)})
    flan = stage(
        "flan", {"biflan_en": 0.5, "biflan_zh": 0.5}, 30_000,
        objective={"kind": "instruction", "source": 43, "target": 11},
    )  # fmt: skip
    pairs = {
        "biflan_en": PairLengths.of([(np.full(1000, 90), np.full(1000, 10))]),
        "biflan_zh": PairLengths.of([(np.tile([30, 150], 500), np.full(1000, 10))]),
    }
    plan = Curriculum(curriculum_manifest(flan), shards, pairs=pairs).spans[0]
    assert [float(source.sample_tokens) for source in plan.stream.sources] == [50, 45]
    assert plan.stream.mixture.counts(plan.read(plan.steps)[0]) == [300, 334]
