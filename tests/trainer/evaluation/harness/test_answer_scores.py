"""Log-probabilities of given answers, against the model's own loss and its own generation."""

from __future__ import annotations

import pytest
import torch

from tests.trainer.examples import SMALL, small_model
from trainer.evaluation.harness import answer_scores
from trainer.evaluation.harness.answer_scores import Request, score_answers
from trainer.generation.generate import generate

PROMPTS = [(5, 6, 7, 8), (9, 10), (11, 12, 13, 14, 15, 16), ()]
REQUESTS = [Request(prompt, answer) for prompt in PROMPTS for answer in ((20,), (21, 22, 23), (20, 24))]


def by_hand(request: Request) -> float:
    """The nats of one answer, its layout written out, by the training's loss."""
    v, answer = SMALL, list(request.answer)
    encoder = [v.mode("S"), *request.prompt, v.sentinel(0), v.eos]
    decoder, labels = [v.pad, v.sentinel(0), *answer[:-1]], [-100, *answer]
    with torch.inference_mode():
        nats, _, _ = small_model().eval()(
            torch.tensor([encoder]), torch.tensor([decoder]), torch.tensor([labels])
        )
    return float(nats)


def test_a_score_is_the_loss_of_the_answer_alone() -> None:
    scores = score_answers(small_model().eval(), SMALL, REQUESTS)
    expected = [-by_hand(request) for request in REQUESTS]
    assert [score.log_probability for score in scores] == pytest.approx(expected, abs=1e-4)


def test_scores_do_not_depend_on_what_goes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model().eval()
    together = score_answers(model, SMALL, REQUESTS)
    monkeypatch.setattr(answer_scores, "POSITIONS", 8)
    monkeypatch.setattr(answer_scores, "ROWS", 2)
    alone = score_answers(model, SMALL, REQUESTS[::-1])[::-1]
    expected = [score.log_probability for score in alone]
    assert [score.log_probability for score in together] == pytest.approx(expected, abs=1e-4)
    assert [score.greedy for score in together] == [score.greedy for score in alone]


def test_what_the_model_writes_is_greedy_and_another_answer_is_not() -> None:
    model = small_model(seed=8).eval()
    (written,) = generate(model, SMALL, [PROMPTS[0]], max_tokens=6)
    answer = tuple(written.tolist())
    assert len(answer) > 2
    other = (*answer[:-1], answer[-1] + 1)
    scores = score_answers(model, SMALL, [Request(PROMPTS[0], answer), Request(PROMPTS[0], other)])
    assert [score.greedy for score in scores] == [True, False]


def test_an_empty_answer_is_certain() -> None:
    (score,) = score_answers(small_model().eval(), SMALL, [Request((5,), ())])
    assert score.log_probability == 0
