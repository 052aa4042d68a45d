"""Perplexities by KenLM's query against sums over the ARPA file's own numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.perplexity.scorer import PerplexityScorer, join_ids
from tests.pipeline.perplexity.test_estimate import DATA, read_arpa


def rows(*texts: str | None) -> pa.ListArray:
    return pa.array([None if text is None else [ord(character) for character in text] for text in texts], pa.list_(pa.uint32()))


def by_hand(text: str) -> float:
    """Perplexity under the golden trigram model, backing off by hand."""
    model = read_arpa(DATA / "zen_and_laozi.arpa")
    words = ["<s>", *(str(ord(character)) for character in text), "</s>"]
    known = [word if word in model else "<unk>" for word in words]

    def log10(history: list[str], word: str) -> float:
        gram = " ".join([*history, word])
        if gram in model:
            return model[gram][0]
        return model.get(" ".join(history), (0.0, 0.0))[1] + log10(history[1:], word)

    total = sum(log10(known[max(0, place - 2) : place], word) for place, word in enumerate(known) if place)
    return float(10 ** (-total / (len(words) - 1)))


def test_perplexity_is_that_of_the_arpa_file() -> None:
    scorer = PerplexityScorer(DATA / "zen_and_laozi.arpa")
    texts = ["Beautiful is better than ugly.", "道可道，非常道。", "龘", ""]
    np.testing.assert_allclose(scorer.score(rows(*texts)), [by_hand(text) for text in texts], rtol=1e-5)


def test_text_of_the_model_is_likelier_than_foreign_text_and_null_is_nan() -> None:
    familiar, foreign, nothing = PerplexityScorer(DATA / "zen_and_laozi.arpa").score(rows("名可名，非常名。", "qzxjQZX", None))
    assert familiar < 10 < 100 < foreign
    assert np.isnan(nothing)


def test_missing_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        PerplexityScorer(tmp_path / "missing.arpa")


def test_words_are_decimal_ids() -> None:
    assert join_ids(pa.array([[4294967295, 0], []], pa.list_(pa.uint32()))).to_pylist() == ["4294967295 0", ""]
