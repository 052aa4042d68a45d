from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainer.examples import SMALL, small_model
from trainer.generation.beam_search import beam_search
from trainer.generation.decoder_state import DecoderState
from trainer.generation.generate import SamplingSettings, generate
from trainer.model.transformer import EncoderDecoder
from trainer.objectives.prefix_lm import frame_prompt

PROMPTS = [[5, 6, 7, 8], [9, 10], [11, 12, 13, 14, 15, 16]]


def ending_model(seed: int, text: tuple[int, ...] = tuple(range(3, 150))) -> EncoderDecoder:
    """Answers end early, and only some tokens are text at all."""
    model = small_model(seed=seed).eval()
    banned = [token for token in range(2, SMALL.pieces) if token not in text]
    model.output_bias.data[banned] = -1e9
    model.output_bias.data[SMALL.eos] += 1.5
    return model


@torch.no_grad()
def log_probability(
    model: EncoderDecoder, prompt: list[int], answer: list[int], *, ends: bool = True
) -> float:
    """Of an answer over text, computed at once and without caches."""
    framed = torch.from_numpy(frame_prompt(np.array([prompt]), np.array([len(prompt)]), SMALL))
    memory, _ = model.encode(framed)
    written = [*answer, SMALL.eos] if ends else answer
    logits = model.logits(
        model.decode(torch.tensor([[SMALL.pad, SMALL.sentinel(0), *written[:-1]]]), memory)[0, 1:]
    )
    logits[:, SMALL.pad] = logits[:, SMALL.pieces :] = -torch.inf
    return float(logits.double().log_softmax(-1)[torch.arange(len(written)), torch.tensor(written)].sum())


def beam(
    model: EncoderDecoder, prompts: list[list[int]], width: int, tokens: int = 12, penalty: float = 0.0
) -> list[list[int]]:
    choice = SamplingSettings(beams=width, length_penalty=penalty)
    return [answer.tolist() for answer in generate(model, SMALL, prompts, max_tokens=tokens, choice=choice)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_beam_of_one_is_greedy(seed: int, penalty: float) -> None:
    model = ending_model(seed)
    greedy = [answer.tolist() for answer in generate(model, SMALL, PROMPTS, max_tokens=30)]
    assert beam(model, PROMPTS, 1, 30, penalty) == greedy


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_prompts_together_equal_one_by_one(penalty: float) -> None:
    model = ending_model(2)
    together = beam(model, PROMPTS, 3, penalty=penalty)
    assert together == [beam(model, [prompt], 3, penalty=penalty)[0] for prompt in PROMPTS]
    assert len({tuple(answer) for answer in together}) > 1


@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_finds_the_best_of_all_answers(seed: int, penalty: float) -> None:
    """Three tokens of text, at most three long: all 40 answers are tried."""
    text, longest = (20, 30, 40), 3
    model = ending_model(seed, text)
    for prompt, found in zip(PROMPTS, beam(model, PROMPTS, 27, longest, penalty), strict=True):
        scores = {}
        for length in range(longest):
            for answer in itertools.product(text, repeat=length):
                scores[answer] = log_probability(model, prompt, list(answer)) / (length + 1) ** penalty
        for answer in itertools.product(text, repeat=longest):
            scores[answer] = log_probability(model, prompt, list(answer), ends=False) / longest**penalty
        assert scores[tuple(found)] == pytest.approx(max(scores.values()), abs=1e-5)


class Table(DecoderState):
    """A decoding whose model is a table: what was written -> probabilities of tokens."""

    def __init__(self, table: dict[tuple[int, ...], dict[int, float]], rows: int) -> None:
        self.table, self.vocabulary, self.device = table, SMALL, torch.device("cpu")
        self.written: list[tuple[int, ...]] = [()] * rows

    def logits(self) -> Tensor:
        logits = torch.full((len(self.written), SMALL.padded), -torch.inf)
        for row, written in enumerate(self.written):
            for token, p in self.table.get(written, {SMALL.eos: 1.0}).items():
                logits[row, token] = math.log(p)
        return logits

    def append(self, tokens: Tensor) -> None:
        self.written = [
            (*written, token) for written, token in zip(self.written, tokens.tolist(), strict=True)
        ]

    def select(self, rows: Tensor) -> None:
        self.written = [self.written[row] for row in rows.tolist()]

    reorder = select


def test_a_beam_finds_what_greed_misses() -> None:
    """Greedy takes 20 (.6), then one of three equal ways: .2 in all. Behind 30 (.4) there is only one way:
    .4."""
    table = {(): {20: 0.6, 30: 0.4}, (20,): {21: 0.34, 22: 0.33, 23: 0.33}, (30,): {31: 1.0}}
    assert [answer.tolist() for answer in beam_search(Table(table, 2), 5, 1, 0.0)] == [[20, 21]] * 2
    assert [answer.tolist() for answer in beam_search(Table(table, 2), 5, 2, 0.0)] == [[30, 31]] * 2


def test_the_length_penalty_weighs_long_answers_up() -> None:
    """An end at once has .5; the answer of three tokens .5 * .9 ** 3, but more a token."""
    table = {
        (): {SMALL.eos: 0.5, 20: 0.5},
        (20,): {20: 0.9, 21: 0.1},
        (20, 20): {20: 0.9, 21: 0.1},
        (20, 20, 20): {SMALL.eos: 0.9, 21: 0.1},
    }
    assert beam_search(Table(table, 1), 9, 2, 0.0)[0].tolist() == []
    assert beam_search(Table(table, 1), 9, 2, 1.0)[0].tolist() == [20, 20, 20]
