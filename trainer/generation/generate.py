"""Writing text with a trained model: greedy or sampled, a batch of prompts at a time, with cached keys and
values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from manifests.errors import UserError
from manifests.schema.shards import Vocabulary
from trainer.generation.beam_search import beam_search
from trainer.generation.decoder_state import DecoderState
from trainer.model.transformer import EncoderDecoder
from trainer.objectives.counter_rng import random_bits

Ids = npt.NDArray[np.int64]


class SamplingError(UserError):
    """Settings that no way of choosing tokens has; the message names them."""


@dataclass(frozen=True)
class SamplingSettings:
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the most likely token; above, tokens are drawn from softmax(logits /
            temperature).
        top_k: draws only from so many most likely tokens (Fan et al. 2018); 0: from all.
        top_p: draws only from the most likely tokens that together have this probability (Holtzman et al.
            2020).
        seed: of the draws. Each depends on the seed, the prompt's place in the list and the token's in its
            answer alone, so that an answer is the same whatever prompts it is written beside.
        beams: width of a beam search instead (see trainer.generation.beam_search); 0: none.
        length_penalty: of the beam search.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    beams: int = 0
    length_penalty: float = 1.0

    def __post_init__(self) -> None:
        if self.temperature < 0 or self.top_k < 0 or not 0 < self.top_p <= 1 or self.beams < 0:
            raise SamplingError(
                "temperature, top_k and beams must not be negative, and top_p must be above 0 and at most 1"
            )
        if self.beams and self.temperature:
            raise SamplingError("a beam search draws nothing; set temperature to 0 or beams to 0")


GREEDY = SamplingSettings()


@torch.inference_mode()
def generate(
    model: EncoderDecoder,
    vocabulary: Vocabulary,
    prompts: Sequence[Sequence[int]],
    *,
    max_tokens: int,
    choice: SamplingSettings = GREEDY,
    batch: int = 32,
) -> list[Ids]:
    """What the model answers to prompts in the layout of the S denoiser and of instructions, ``<S> prompt
    <extra_id_0> </s>``.

    Args:
        prompts: token ids, without special tokens, of any lengths.
        max_tokens: greatest length of an answer; the model itself has none, because its positions are
            rotations.
        batch: prompts that go through the model together.

    Returns:
        For each prompt the ids of its answer, int64 [tokens], without ``<extra_id_0>`` and ``</s>``; shorter
        than ``max_tokens`` if ``</s>`` came.

    Raises:
        ValueError: the model is in training mode, where dropout would be at work, or ``max_tokens`` is below
            1.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens is {max_tokens}; give at least 1")
    if model.training:
        raise ValueError("the model is in training mode; call model.eval() first")
    # Prompts of like length go together, so that little is padded.
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    answers: list[Ids] = [np.empty(0, np.int64)] * len(prompts)
    for start in range(0, len(order), batch):
        together = order[start : start + batch]
        decoding = DecoderState(model, vocabulary, [prompts[index] for index in together])
        if choice.beams:
            found = beam_search(decoding, max_tokens, choice.beams, choice.length_penalty)
        else:
            found = _write(decoding, np.array(together), max_tokens, choice)
        for index, answer in zip(together, found, strict=True):
            answers[index] = answer
    return answers


def _write(decoding: DecoderState, places: Ids, max_tokens: int, choice: SamplingSettings) -> list[Ids]:
    """Answers to the decoding's prompts, token by token; ``places`` are those of the prompts in the caller's
    list."""
    eos, device = decoding.vocabulary.eos, decoding.device
    answers = torch.full((len(places), max_tokens), eos, device=device)
    rows = torch.arange(len(places), device=device)
    seeds = _mixed(choice.seed, places)
    for position in range(max_tokens):
        chosen = _choose(decoding.logits(), choice, seeds[rows.cpu().numpy()], position)
        answers[rows, position] = chosen
        going_on = (chosen != eos).nonzero()[:, 0]
        if len(going_on) == 0:
            break
        if len(going_on) < len(rows):
            rows, chosen = rows[going_on], chosen[going_on]
            decoding.select(going_on)
        decoding.append(chosen)
    ends = np.cumprod(answers.cpu().numpy() != eos, axis=1).sum(axis=1)
    return [answer[:end] for answer, end in zip(answers.cpu().numpy(), ends, strict=True)]


def _choose(logits: Tensor, choice: SamplingSettings, seeds: npt.NDArray[np.uint64], position: int) -> Tensor:
    """Logits float32 [batch, vocabulary] and a seed a row -> a token each, int64 [batch]."""
    if choice.temperature == 0:
        return logits.argmax(-1)
    logits, order = (logits / choice.temperature).sort(dim=-1, descending=True)
    if choice.top_k:
        logits, order = logits[:, : choice.top_k], order[:, : choice.top_k]
    p = logits.double().softmax(-1)
    p = p.masked_fill(
        p.cumsum(-1) - p >= choice.top_p, 0.0
    )  # what comes before a token tells, so that the first always stays
    sums = p.cumsum(-1)
    draws = random_bits(seeds, 1, stream=position)[:, 0] >> np.uint64(11)
    uniform = torch.from_numpy(draws.astype(np.float64) / 2**53).to(logits.device)
    place = torch.searchsorted(sums, uniform[:, None] * sums[:, -1:], right=True)
    return order.gather(1, place.clamp_max((p > 0).sum(-1, keepdim=True) - 1))[:, 0]


def _mixed(seed: int, places: Ids) -> npt.NDArray[np.uint64]:
    """A seed for each place."""
    count = int(places.max(initial=0)) + 1
    seeds: npt.NDArray[np.uint64] = random_bits(np.array([seed % 2**64], dtype=np.uint64), count)[0][places]
    return seeds
