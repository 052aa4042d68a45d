# mypy: allow-subclassing-any
"""Our encoder-decoder as a model of lm-evaluation-harness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lm_eval.api.model import TemplateLM
from sentencepiece import SentencePieceProcessor

from manifests.schema.shards import Vocabulary
from trainer.evaluation.harness.answer_scores import Request, score_answers
from trainer.generation.generate import GREEDY, SamplingSettings, generate
from trainer.model.transformer import EncoderDecoder


@dataclass(frozen=True)
class Room:
    """Tokens of a prompt and of an answer that the model was trained to read and to write at most."""

    prompt: int
    answer: int


@dataclass
class Cuts:
    """Prompts that were longer than the room, and all; one counts for each answer to it."""

    cut: int = 0
    prompts: int = 0


class HarnessModel(TemplateLM):
    """Serves the harness through the layout of the S denoiser and of instructions: a context is read by the
    encoder, a continuation is written, or scored, by the decoder after ``<extra_id_0>``.

    The two are encoded apart, as in training, where a target begins like a text of its own. Of a context that
    is longer than the room, the end is read, where the question stands; ``cuts`` counts these.
    """

    backend = "seq2seq"

    def __init__(
        self, model: EncoderDecoder, vocabulary: Vocabulary, pieces: SentencePieceProcessor, room: Room
    ) -> None:
        super().__init__()
        self._model, self._vocabulary, self._pieces, self._room = model, vocabulary, pieces, room
        self._device = model.output_bias.device
        self.cuts = Cuts()

    @property
    def eot_token_id(self) -> int:
        """``</s>``."""
        return self._vocabulary.eos

    @property
    def max_length(self) -> int:
        """Tokens of a context that are read."""
        return self._room.prompt

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_: Any) -> list[int]:
        """Ids of a text; special tokens are added where batches are made."""
        return list(self._pieces.encode(string))

    def _encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        # A space before the continuation only parts it from the context, which here is in the encoder.
        return self.tok_encode(context.rstrip()), self.tok_encode(continuation.lstrip())

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """See LM. An empty context is read as ``<S> <extra_id_0> </s>``, as in generation."""
        pairs = [(request.args, *self._encode_pair(*request.args)) for request in requests]
        return self._loglikelihood_tokens(pairs)

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[Any, list[int], list[int]]], **_: Any
    ) -> list[tuple[float, bool]]:
        asked = [Request(tuple(self._cut(context)), tuple(answer)) for _, context, answer in requests]
        scores = score_answers(self._model, self._vocabulary, asked)
        return [(score.log_probability, score.greedy) for score in scores]

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
        """See LM. A text is written piece by piece, each of the room's length, after as much of the text
        before it as there is room for; nothing is read before the first."""
        windows = [list(self._windows(self.tok_encode(request.args[0]))) for request in requests]
        every = [window for of_text in windows for window in of_text]
        scores = iter(score_answers(self._model, self._vocabulary, every))
        return [sum(next(scores).log_probability for _ in of_text) for of_text in windows]

    def _windows(self, ids: list[int]) -> list[Request]:
        prompt, answer = self._room.prompt, self._room.answer
        return [
            Request(tuple(ids[max(0, start - prompt) : start]), tuple(ids[start : start + answer]))
            for start in range(0, len(ids), answer)
        ]

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        """See LM. An answer has ``max_gen_toks`` tokens at most, and no more than the room; it ends before
        the first of ``until``."""
        answers = [""] * len(requests)
        for (most, choice), together in self._alike(requests).items():
            prompts = [self._cut(self.tok_encode(requests[index].args[0])) for index in together]
            ids = generate(self._model, self._vocabulary, prompts, max_tokens=most, choice=choice)
            for index, answer in zip(together, ids, strict=True):
                text = self._pieces.decode(answer.tolist())
                answers[index] = _until(text, requests[index].args[1].get("until") or [])
        return answers

    def _alike(self, requests: Sequence[Any]) -> dict[tuple[int, SamplingSettings], list[int]]:
        """Numbers of the requests that are generated in the same way."""
        found: dict[tuple[int, SamplingSettings], list[int]] = {}
        for index, request in enumerate(requests):
            settings = request.args[1]
            most = min(int(settings.get("max_gen_toks") or self._room.answer), self._room.answer)
            drawn = settings.get("do_sample") and settings.get("temperature")
            choice = SamplingSettings(temperature=float(settings["temperature"])) if drawn else GREEDY
            found.setdefault((most, choice), []).append(index)
        return found

    def _cut(self, ids: list[int]) -> list[int]:
        room = self._room.prompt
        self.cuts.prompts += 1
        self.cuts.cut += len(ids) > room
        return ids[-room:]


def _until(text: str, ends: str | Sequence[str]) -> str:
    """What stands before the first of some marks; empty ones mark nothing."""
    for end in filter(None, [ends] if isinstance(ends, str) else ends):
        text = text.partition(end)[0]
    return text
