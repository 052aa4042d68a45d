"""The order of words: near 1 for text like the reference, near 0 once its words are shuffled."""

from __future__ import annotations

import random
from functools import cache
from itertools import chain

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.perplexity.context_gain import (
    LEAST_PLACES,
    LEAST_REFERENCE,
    GainScale,
    measure_scale,
    shuffle,
)
from pipeline.models.perplexity.kneser_ney import estimate
from pipeline.models.perplexity.scorer import PerplexityScorer, Scores
from pipeline.models.word_starts import BEGINS_WORD
from tests.pipeline.steps.quality.corpus import english

WORDS = st.lists(st.lists(st.integers(0, 9), max_size=12), max_size=8)


def ids(texts: list[list[str]]) -> pa.ListArray:
    """Every word an id."""
    return pa.array([[number_of(word) for word in text] for text in texts], pa.list_(pa.uint32()))


@cache
def vocabulary() -> dict[str, int]:
    words = sorted({word for text in english() for word in text.split()})
    return {word: index for index, word in enumerate(words)}


def number_of(word: str) -> int:
    return vocabulary()[word]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> PerplexityScorer:
    """A model of the even paragraphs of Python's reference; every id begins a word."""
    path = tmp_path_factory.mktemp("order") / "model"
    tokens = ids([text.split() for text in english()[::2]])
    estimate(tokens.values.to_numpy(), tokens.offsets.to_numpy().astype(np.int64), 3, path)
    return PerplexityScorer(path, np.full(len(vocabulary()), BEGINS_WORD, np.uint8))


def scale_of(scorer: PerplexityScorer, tokens: pa.ListArray, seed: int) -> GainScale | None:
    return measure_scale(scorer, tokens, scorer.scores(tokens), seed)


@given(WORDS, st.integers(0, 3))
def test_shuffling_keeps_each_row_s_ids(found: list[list[int]], seed: int) -> None:
    rows = pa.array(found, pa.list_(pa.uint32()))
    shuffled = shuffle(rows, seed)
    assert [sorted(row) for row in shuffled.to_pylist()] == [sorted(row) for row in found]
    assert shuffled.equals(shuffle(rows, seed))


def test_a_slice_is_shuffled_by_itself() -> None:
    rows = pa.array([[1, 2], [3, 4, 5], [6]], pa.list_(pa.uint32()))
    assert [sorted(row) for row in shuffle(rows.slice(1), 0).to_pylist()] == [[3, 4, 5], [6]]


def test_unseen_text_is_told_from_the_same_words_in_another_order(scorer: PerplexityScorer) -> None:
    unseen = [text.split() for text in english()[1::2]]
    scale = scale_of(scorer, ids(unseen), seed=1)
    assert scale is not None
    assert scale.shuffled < 0 < scale.reference
    joined = [list(chain.from_iterable(unseen[start : start + 8])) for start in range(0, 40, 8)]
    mixed = [random.Random(7).sample(text, len(text)) for text in joined]
    natural = scale.context_gain(scorer.scores(ids(joined)))
    shuffled = scale.context_gain(scorer.scores(ids(mixed)))
    assert natural.min() > 0.5
    assert shuffled.max() < 0.35


def test_the_scale_is_the_mean_over_places_not_over_documents() -> None:
    scale = GainScale(reference=0.8, shuffled=-0.2, deviation=0.5)
    scores = Scores(
        perplexity=np.ones(4),
        places=np.array([100.0, 100, LEAST_PLACES, LEAST_PLACES - 1]),
        gain=np.array([80.0, -20, 0, 0]),
        gain_squares=np.zeros(4),
    )
    low = 0.5 / np.sqrt(LEAST_PLACES)
    np.testing.assert_allclose(scale.context_gain(scores), [1.05, 0.05, 0.2 + low, np.nan])


def test_too_little_reference_text_has_no_scale(scorer: PerplexityScorer) -> None:
    few = [text.split() for text in english()[1:4:2]]
    assert sum(map(len, few)) < LEAST_REFERENCE
    assert scale_of(scorer, ids(few), seed=1) is None
    assert scale_of(scorer, ids([]), seed=1) is None


def test_text_whose_order_tells_the_model_nothing_has_no_scale(scorer: PerplexityScorer) -> None:
    words = [word for text in english()[1::2] for word in text.split()]
    assert len(words) > 2 * LEAST_REFERENCE
    alike = ids([random.Random(seed).sample(words, len(words)) for seed in (1, 2)])
    scale = scale_of(scorer, alike, seed=3)
    # Shuffled against shuffled: whichever is above by chance, the distance is next to nothing.
    assert scale is None or scale.reference - scale.shuffled < 0.05
