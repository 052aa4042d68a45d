"""Writing text with a trained model: greedy or sampled, a batch of prompts at a time, with cached keys and values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from manifests.schema.shards import Vocabulary
from trainer.model.cache import LayerCache
from trainer.model.transformer import EncoderDecoder
from trainer.objectives.instruction import Ragged
from trainer.objectives.prefix import frame_prompt

Ids = npt.NDArray[np.int64]


@torch.inference_mode()
def generate(
    model: EncoderDecoder,
    vocabulary: Vocabulary,
    prompts: Sequence[Sequence[int]],
    *,
    max_tokens: int,
    temperature: float = 0.0,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
) -> list[Ids]:
    """What the model answers to prompts in the layout of the S denoiser and of instructions, ``<S> prompt <extra_id_0> </s>``.

    Args:
        prompts: token ids, without special tokens.
        max_tokens: greatest length of an answer; the model itself has none, because its positions are rotations.
        temperature: 0 takes the most likely token; above, tokens are drawn from softmax(logits / temperature).
        top_p: draws only from the most likely tokens that together have this probability (Holtzman et al. 2020).
        generator: of the draws; on the model's device.

    Returns:
        For each prompt the ids of its answer, without ``<extra_id_0>`` and ``</s>``; shorter than ``max_tokens`` if ``</s>`` came.

    Raises:
        ValueError: the model is in training mode, where dropout would be at work.
    """
    if model.training:
        raise ValueError("the model is in training mode; call model.eval() first")
    device = model.output_bias.device
    tokens, lengths = _frame(prompts, vocabulary)
    memory, mask = model.encode(tokens.to(device), None if lengths is None else lengths.to(device))
    caches = [LayerCache() for _ in model.decoder.blocks]
    answers = torch.full((len(prompts), max_tokens), vocabulary.eos, device=device)
    rows = torch.arange(len(prompts), device=device)
    step = torch.tensor([[vocabulary.pad, vocabulary.sentinel(0)]], device=device).repeat(len(prompts), 1)
    for position in range(max_tokens):
        logits = model.logits(model.decode(step, memory, mask, caches)[:, -1]).float()
        chosen = _choose(_only_text(logits, vocabulary), temperature, top_p, generator)
        answers[rows, position] = chosen
        going_on = (chosen != vocabulary.eos).nonzero()[:, 0]
        if len(going_on) == 0:
            break
        if len(going_on) < len(rows):
            rows, chosen, memory = rows[going_on], chosen[going_on], memory[going_on]
            mask = None if mask is None else mask[going_on]
            for cache in caches:
                cache.select(going_on)
        step = chosen[:, None]
    ends = np.cumprod(answers.cpu().numpy() != vocabulary.eos, axis=1).sum(axis=1)
    return [answer[:end] for answer, end in zip(answers.cpu().numpy(), ends, strict=True)]


def _frame(prompts: Sequence[Sequence[int]], vocabulary: Vocabulary) -> tuple[Tensor, Tensor | None]:
    """The encoder's input int64 [batch, positions], and its rows' lengths where they differ."""
    offsets = np.cumsum([0, *map(len, prompts)])
    values = np.concatenate([np.asarray(prompt, dtype=np.uint32) for prompt in prompts])
    ragged = Ragged(values, offsets)
    lengths = ragged.lengths
    framed = torch.from_numpy(frame_prompt(ragged.padded(), lengths, vocabulary))
    return framed, None if len(set(lengths.tolist())) == 1 else torch.from_numpy(lengths + 3)


def _only_text(logits: Tensor, vocabulary: Vocabulary) -> Tensor:
    """Rules out what an answer cannot hold: pad, sentinels, mode tokens, and the rows that only fill the embedding up."""
    logits[:, vocabulary.pad] = -torch.inf
    logits[:, vocabulary.pieces :] = -torch.inf
    return logits


def _choose(logits: Tensor, temperature: float, top_p: float, generator: torch.Generator | None) -> Tensor:
    """Logits float32 [batch, vocabulary] -> a token each, int64 [batch]."""
    if temperature == 0:
        return logits.argmax(-1)
    p, order = (logits / temperature).softmax(-1).sort(dim=-1, descending=True)
    p = p.masked_fill(p.cumsum(-1) - p >= top_p, 0.0)  # what comes before a token tells, so that the first always stays
    return order.gather(1, torch.multinomial(p, 1, generator=generator))[:, 0]
