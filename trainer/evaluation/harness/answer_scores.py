"""How probable given answers are: log-probabilities of texts in the decoder, given prompts in the encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from manifests.schema.shards import Vocabulary
from trainer.generation.decoder_state import framed_prompts
from trainer.model.transformer import EncoderDecoder

POSITIONS = 16_384
"""Of prompts and answers, padding included, that go through the model together."""
ROWS = 1024
"""Positions whose logits are in memory at a time."""


@dataclass(frozen=True)
class AnswerScore:
    """An answer's log-probability in nats, without ``</s>``, and whether each of its tokens is the most
    likely one of text, which greedy generation would write."""

    log_probability: float
    greedy: bool


@dataclass(frozen=True)
class Request:
    """Token ids of a prompt and of an answer to it, without special tokens."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]


@torch.inference_mode()
def score_answers(
    model: EncoderDecoder, vocabulary: Vocabulary, requests: Sequence[Request]
) -> list[AnswerScore]:
    """A score for each request, in the layout of the S denoiser and of instructions: ``<S> prompt
    <extra_id_0> </s>`` is read, the answer follows ``<extra_id_0>``.

    Requests of like length go together, and a prompt with several answers in a batch is read once.
    """
    scores = [AnswerScore(0.0, True)] * len(requests)
    for together in _batches(requests):
        found = _score(model, vocabulary, [requests[index] for index in together])
        for index, score in zip(together, found, strict=True):
            scores[index] = score
    return scores


def _batches(requests: Sequence[Request]) -> Iterator[list[int]]:
    """Numbers of requests, the longest first; empty answers are certain, and left out."""
    order = sorted(
        (index for index, request in enumerate(requests) if request.answer),
        key=lambda index: (-len(requests[index].prompt), requests[index].prompt, requests[index].answer),
    )
    batch: list[int] = []
    longest = 0
    for index in order:
        length = len(requests[index].prompt) + len(requests[index].answer)
        if batch and max(longest, length) * (len(batch) + 1) > POSITIONS:
            yield batch
            batch, longest = [], 0
        batch.append(index)
        longest = max(longest, length)
    if batch:
        yield batch


def _score(model: EncoderDecoder, vocabulary: Vocabulary, requests: Sequence[Request]) -> list[AnswerScore]:
    device = model.output_bias.device
    prompts = list(dict.fromkeys(request.prompt for request in requests))
    place = {prompt: index for index, prompt in enumerate(prompts)}
    rows = torch.tensor([place[request.prompt] for request in requests], device=device)
    tokens, lengths = framed_prompts(prompts, vocabulary)
    memory, mask = model.encode(tokens.to(device), None if lengths is None else lengths.to(device))
    decoder, labels = (side.to(device) for side in _framed_answers(requests, vocabulary))
    hidden = model.decode(decoder, memory[rows], None if mask is None else mask[rows])[:, 1:]
    found, greedy = _token_scores(model, vocabulary, hidden[labels >= 0], labels[labels >= 0])
    ends = [len(request.answer) for request in requests]
    return [
        AnswerScore(float(nats.sum()), bool(likely.all()))
        for nats, likely in zip(torch.split(found, ends), torch.split(greedy, ends), strict=True)
    ]


def _framed_answers(requests: Sequence[Request], vocabulary: Vocabulary) -> tuple[Tensor, Tensor]:
    """The decoder's input ``pad <extra_id_0> answer`` without the answer's last token, int64 [batch, n + 1],
    and what it is to write after ``<extra_id_0>``, int64 [batch, n], -1 past the end."""
    longest = max(len(request.answer) for request in requests)
    decoder = torch.full((len(requests), longest + 1), vocabulary.pad)
    labels = torch.full((len(requests), longest), -1)
    decoder[:, 1] = vocabulary.sentinel(0)
    for row, request in enumerate(requests):
        answer = torch.tensor(request.answer)
        labels[row, : len(answer)] = answer
        decoder[row, 2 : len(answer) + 1] = answer[:-1]
    return decoder, labels


def _token_scores(
    model: EncoderDecoder, vocabulary: Vocabulary, hidden: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor]:
    """Of hidden states [tokens, d_model] and labels int64 [tokens]: log-probabilities float64 over the whole
    vocabulary, and whether a label is the most likely text."""
    nats, greedy = [], []
    for rows, wanted in zip(torch.split(hidden, ROWS), torch.split(labels, ROWS), strict=True):
        logits = model.logits(rows).float()
        nats.append(logits.log_softmax(-1).gather(1, wanted[:, None])[:, 0].double())
        text = logits[:, : vocabulary.pieces]
        text[:, vocabulary.pad] = -torch.inf
        greedy.append(text.argmax(-1) == wanted)
    return torch.cat(nats), torch.cat(greedy)
