from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.trainer.examples import SMALL, small_model
from trainer.generation.generate import SamplingError, SamplingSettings, generate
from trainer.model.kv_cache import LayerKVCache
from trainer.model.transformer import EncoderDecoder
from trainer.objectives.prefix_lm import frame_prompt

PROMPTS = [[5, 6, 7, 8], [9, 10], [11, 12, 13, 14, 15, 16]]


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
def test_cached_logits_equal_uncached(norm: str) -> None:
    model = small_model(norm=norm).eval()
    lengths = torch.tensor([6, 11, 8])
    source = torch.randint(3, SMALL.pieces, (3, 11), generator=torch.Generator().manual_seed(0))
    decoder = torch.randint(3, SMALL.pieces, (3, 70), generator=torch.Generator().manual_seed(1))
    memory, mask = model.encode(source, lengths)
    caches = [LayerKVCache() for _ in model.decoder.blocks]
    steps = [decoder[:, :2], *(decoder[:, i : i + 1] for i in range(2, 70))]
    cached = torch.cat([model.logits(model.decode(step, memory, mask, caches)) for step in steps], dim=1)
    assert torch.allclose(cached, model.logits(model.decode(decoder, memory, mask)), atol=1e-5)


def greedy_by_hand(model: EncoderDecoder, prompt: list[int], max_tokens: int) -> list[int]:
    """One prompt, everything computed again for each token."""
    framed = torch.from_numpy(frame_prompt(np.array([prompt]), np.array([len(prompt)]), SMALL))
    memory, _ = model.encode(framed)
    written = [SMALL.pad, SMALL.sentinel(0)]
    for _ in range(max_tokens):
        logits = model.logits(model.decode(torch.tensor([written]), memory)[0, -1])
        logits[0], logits[SMALL.pieces :] = -torch.inf, -torch.inf
        written.append(int(logits.argmax()))
        if written[-1] == SMALL.eos:
            break
    return [token for token in written[2:] if token != SMALL.eos]


@torch.no_grad()
@pytest.mark.slow
def test_greedy_batch_equals_one_by_one() -> None:
    """With </s> made likely, so that the rows end at different lengths."""
    model = small_model(seed=8).eval()
    model.output_bias[SMALL.eos] += 2
    answers = [answer.tolist() for answer in generate(model, SMALL, PROMPTS, max_tokens=40)]
    assert answers == [greedy_by_hand(model, prompt, 40) for prompt in PROMPTS]
    assert len({len(answer) for answer in answers}) == 3
    assert min(map(len, answers)) < 40


@pytest.mark.slow
def test_length_is_limited_by_the_argument_only() -> None:
    model = small_model().eval()
    model.output_bias.data[SMALL.eos] = -1e9
    assert [len(answer) for answer in generate(model, SMALL, [[5, 6], [7, 8]], max_tokens=300)] == [300, 300]


def test_answers_hold_text_only() -> None:
    model = small_model().eval()
    model.output_bias.data[SMALL.pieces :] = 1e3
    model.output_bias.data[SMALL.pad] = 1e3
    answers = np.concatenate(
        generate(model, SMALL, PROMPTS, max_tokens=30, choice=SamplingSettings(temperature=2.0))
    )
    assert ((answers > SMALL.eos) & (answers < SMALL.pieces)).all()


def drawn(prompts: list[list[int]], **choice: Any) -> list[list[int]]:
    model = small_model().eval()
    return [
        answer.tolist()
        for answer in generate(
            model, SMALL, prompts, max_tokens=20, choice=SamplingSettings(**choice), batch=2
        )
    ]


def test_samples_follow_the_seed_and_the_place_of_the_prompt() -> None:
    one, two = drawn(PROMPTS, temperature=1.0, seed=1), drawn(PROMPTS, temperature=1.0, seed=2)
    assert one == drawn(PROMPTS, temperature=1.0, seed=1) != two
    assert drawn(PROMPTS[:2], temperature=1.0, seed=1) == one[:2], "whatever other prompts there are"
    assert drawn([PROMPTS[0]] * 2, temperature=1.0, seed=1)[1] != one[0]


@pytest.mark.parametrize("choice", [{"top_p": 1e-6}, {"top_k": 1}])
def test_a_choice_of_one_is_greedy(choice: dict[str, Any]) -> None:
    assert drawn(PROMPTS, temperature=1.0, **choice) == drawn(PROMPTS)


@pytest.mark.parametrize("choice", [{"top_p": 0.8}, {"top_k": 2}, {"top_k": 3, "top_p": 0.8}])
def test_only_the_likely_tokens_are_drawn(choice: dict[str, Any]) -> None:
    """Three tokens with .6, .3 and .1 of the probability, whatever was written before: without the last, the
    first comes two times in three."""
    model = small_model().eval()
    model.embedding.weight.data.zero_()
    model.output_bias.data.fill_(-1e9)
    model.output_bias.data[[20, 30, 40]] = torch.tensor([0.6, 0.3, 0.1]).log()
    answers = np.concatenate(
        generate(model, SMALL, [[5]] * 20, max_tokens=30, choice=SamplingSettings(temperature=1.0, **choice))
    )
    assert set(answers.tolist()) == {20, 30}
    assert np.mean(answers == 20) == pytest.approx(2 / 3, abs=0.08)  # 600 draws: four standard deviations
    everything = np.concatenate(
        generate(model, SMALL, [[5]] * 20, max_tokens=30, choice=SamplingSettings(temperature=1.0))
    )
    assert np.mean(everything == 40) == pytest.approx(0.1, abs=0.05)
    flatter = np.concatenate(
        generate(model, SMALL, [[5]] * 20, max_tokens=30, choice=SamplingSettings(temperature=100.0))
    )
    assert np.mean(flatter == 40) == pytest.approx(1 / 3, abs=0.08)


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_k": -1}, {"beams": 2, "temperature": 1.0}]
)
def test_choices_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SamplingError, match=r"must not be negative|draws nothing"):
        SamplingSettings(**wrong)


def test_training_mode_is_refused() -> None:
    with pytest.raises(ValueError, match=r"call model.eval\(\) first"):
        generate(small_model(), SMALL, PROMPTS, max_tokens=1)


def tokens_of_four_alike(**choice: Any) -> set[int]:
    """What is drawn, 300 times, where four tokens have exactly a quarter of the probability each."""
    model = small_model().eval()
    model.embedding.weight.data.zero_()
    model.output_bias.data.fill_(-1e9)
    model.output_bias.data[[20, 30, 40, 50]] = 0.0
    answers = generate(
        model, SMALL, [[5]] * 100, max_tokens=3, choice=SamplingSettings(temperature=1.0, **choice), batch=100
    )
    return set(np.concatenate(answers).tolist())


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [
        (0.25, 1),
        (0.2500001, 2),
        (0.4999999, 2),
        (0.5, 2),
        (0.5000001, 3),
        (0.75, 3),
        (0.7500001, 4),
        (1.0, 4),
    ],
)
def test_top_p_met_exactly_needs_no_further_token(top_p: float, kept: int) -> None:
    found = tokens_of_four_alike(top_p=top_p)
    assert len(found) == kept
    assert found <= {20, 30, 40, 50}


@pytest.mark.parametrize(("top_k", "kept"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (10**6, 4), (0, 4)])
def test_top_k_takes_exactly_so_many_of_tokens_that_are_alike(top_k: int, kept: int) -> None:
    assert len(tokens_of_four_alike(top_k=top_k)) == kept


def test_top_p_is_of_what_top_k_has_left() -> None:
    """Of two tokens left each has a half."""
    assert len(tokens_of_four_alike(top_k=2, top_p=0.5)) == 1
    assert len(tokens_of_four_alike(top_k=2, top_p=0.51)) == 2
