"""Whether sentences go on from line to line: near 1 for wrapped text, near 0 once its lines are in another
order."""

from __future__ import annotations

import random
import textwrap

import numpy as np
import pyarrow as pa
import pytest

from pipeline.models import tokenizer
from pipeline.models.perplexity.kneser_ney import estimate
from pipeline.models.perplexity.line_context_gain import LEAST_LINES, is_wrapped, line_context_gain
from pipeline.models.perplexity.scorer import PerplexityScorer
from pipeline.models.tokenizer import Tokenizer
from tests.pipeline.steps.quality.corpus import english

WIDTHS = (40, 60, 76)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, PerplexityScorer]:
    """Of the even paragraphs of Python's reference."""
    folder = tmp_path_factory.mktemp("lines")
    tokenizer.train(english()[::2], 2000, folder / "tokenizer", 1)
    made = Tokenizer(folder / "tokenizer")
    tokens = made.encode(pa.array(english()[::2]))
    estimate(tokens.values.to_numpy(), tokens.offsets.to_numpy().astype(np.int64), 4, folder / "model")
    return made, PerplexityScorer(folder / "model")


def wrapped() -> list[list[str]]:
    """Lines of unseen paragraphs, in three widths."""
    text = " ".join(english()[1::2])
    pieces = [text[start : start + 6000] for start in range(0, 18_000, 6000)]
    return [textwrap.wrap(piece, width) for piece, width in zip(pieces, WIDTHS, strict=True)]


def gain(model: tuple[Tokenizer, PerplexityScorer], texts: list[str]) -> np.ndarray:
    return line_context_gain(pa.array(texts), *model)


def test_wrapped_text_is_told_from_the_same_lines_in_another_order(
    model: tuple[Tokenizer, PerplexityScorer],
) -> None:
    natural = gain(model, ["\n".join(lines) for lines in wrapped()])
    mixed = gain(model, ["\n".join(random.Random(5).sample(lines, len(lines))) for lines in wrapped()])
    assert natural.min() > 0.5
    assert mixed.max() < 0.3


def test_verse_lists_and_a_few_lines_are_not_judged(model: tuple[Tokenizer, PerplexityScorer]) -> None:
    lines = wrapped()[1][:60]
    verse = "\n".join(line.capitalize() for line in lines)
    blank = "\n\n".join(lines)
    few = "\n".join(lines[:LEAST_LINES])
    assert np.isnan(gain(model, [verse, blank, few, "", "one line"])).all()
    assert not np.isnan(gain(model, ["\n".join(lines)])).any()


def test_the_answer_does_not_depend_on_the_batch(model: tuple[Tokenizer, PerplexityScorer]) -> None:
    texts = ["\n".join(lines) for lines in wrapped()]
    together = gain(model, [texts[0], "", *texts[1:]])
    np.testing.assert_array_equal(together[[0, 2, 3]], [gain(model, [text])[0] for text in texts])


def test_only_text_of_lines_of_one_width_is_asked_for() -> None:
    lines, mean, longest = (
        np.array(values, np.float32) for values in ([10, 9, 10, 10], [50, 50, 49, 100], [100, 100, 100, 201])
    )
    assert is_wrapped(lines, mean, longest).tolist() == [True, False, False, False]
