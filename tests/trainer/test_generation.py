from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.trainer.examples import SMALL, small_model
from trainer.generation import generate
from trainer.model.cache import LayerCache
from trainer.model.transformer import EncoderDecoder
from trainer.objectives.prefix import frame_prompt

PROMPTS = [[5, 6, 7, 8], [9, 10], [11, 12, 13, 14, 15, 16]]


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
def test_cached_logits_equal_uncached(norm: str) -> None:
    model = small_model(norm=norm).eval()
    lengths = torch.tensor([6, 11, 8])
    source = torch.randint(3, SMALL.pieces, (3, 11), generator=torch.Generator().manual_seed(0))
    decoder = torch.randint(3, SMALL.pieces, (3, 70), generator=torch.Generator().manual_seed(1))
    memory, mask = model.encode(source, lengths)
    caches = [LayerCache() for _ in model.decoder.blocks]
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
def test_greedy_batch_equals_one_by_one() -> None:
    """With </s> made likely, so that the rows end at different lengths."""
    model = small_model(seed=2).eval()
    model.output_bias[SMALL.eos] += 2
    answers = [answer.tolist() for answer in generate(model, SMALL, PROMPTS, max_tokens=40)]
    assert answers == [greedy_by_hand(model, prompt, 40) for prompt in PROMPTS]
    assert len({len(answer) for answer in answers}) == 3
    assert min(map(len, answers)) < 40


def test_length_is_limited_by_the_argument_only() -> None:
    model = small_model().eval()
    model.output_bias.data[SMALL.eos] = -1e9
    assert [len(answer) for answer in generate(model, SMALL, [[5, 6], [7, 8]], max_tokens=300)] == [300, 300]


def test_answers_hold_text_only() -> None:
    model = small_model().eval()
    model.output_bias.data[SMALL.pieces :] = 1e3
    model.output_bias.data[SMALL.pad] = 1e3
    answers = np.concatenate(generate(model, SMALL, PROMPTS, max_tokens=30, temperature=2.0))
    assert ((answers > SMALL.eos) & (answers < SMALL.pieces)).all()


def test_samples_follow_the_generator() -> None:
    model = small_model().eval()
    draw = lambda seed: [  # noqa: E731
        answer.tolist()
        for answer in generate(model, SMALL, PROMPTS, max_tokens=20, temperature=1.0, generator=torch.Generator().manual_seed(seed))
    ]
    assert draw(1) == draw(1) != draw(2)


def test_a_small_top_p_is_greedy() -> None:
    model = small_model().eval()
    sampled = generate(model, SMALL, PROMPTS, max_tokens=20, temperature=1.0, top_p=1e-6)
    greedy = generate(model, SMALL, PROMPTS, max_tokens=20)
    assert [answer.tolist() for answer in sampled] == [answer.tolist() for answer in greedy]


def test_top_p_leaves_the_likely_tokens() -> None:
    """Two tokens with .6 and .3 of the probability: at top_p .8 both can be drawn, and nothing else."""
    model = small_model().eval()
    model.embedding.weight.data.zero_()
    model.output_bias.data.fill_(-1e9)
    model.output_bias.data[[20, 30, 40]] = torch.tensor([0.6, 0.3, 0.1]).log()
    drawn = generate(model, SMALL, [[5]], max_tokens=300, temperature=1.0, top_p=0.8, generator=torch.Generator().manual_seed(0))[0]
    assert set(drawn.tolist()) == {20, 30}
    assert np.mean(drawn == 20) == pytest.approx(2 / 3, abs=0.1)


def test_training_mode_is_refused() -> None:
    with pytest.raises(ValueError, match=r"call model.eval\(\) first"):
        generate(small_model(), SMALL, PROMPTS, max_tokens=1)
