"""A trained model to ask and to measure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from manifests.errors import UserError
from manifests.schema.objectives import InstructionObjective
from trainer.bf16_choice import inference_choice
from trainer.chosen_checkpoint import Which
from trainer.data.batch import Batch, on_device
from trainer.data.ragged import Pairs, Ragged
from trainer.determinism import deterministic_cpu
from trainer.distributed import device
from trainer.dtypes import InferenceDtype
from trainer.evaluation.heldout_loss import text_only
from trainer.generation.generate import GREEDY, SamplingSettings, generate
from trainer.inference import checked_prompt, load_tokenizer, trained_model
from trainer.model.bf16_ways import bf16_ways
from trainer.objectives import Instruction
from trainer.run import TrainingRun

__all__ = ["Model", "SamplingSettings", "load_model"]

_TOGETHER = 32


def load_model(
    curriculum: str | Path,
    run: str | Path,
    step: Which = "last",
    dtype: InferenceDtype | None = None,
    *,
    average: bool = False,
) -> Model:
    """A checkpoint of a run: that after a step, its stage's ``best`` by held-out loss, or the ``last``; with
    ``average`` the averaged weights that ``train.ema`` keeps. It is in memory once, in ``dtype``; None: as
    the training computes.

    Raises:
        ManifestError: a manifest is missing or not valid, or there is no checkpoint.
        ShardError: the tokenizer is not the one that made the shards.
        UserError: the checkpoint is missing or damaged, or was trained with another model or on other shards.
    """
    return Model(TrainingRun.open(Path(curriculum), Path(run)), step, dtype, average=average)


class Model:
    """A model with the weights of a run's checkpoint, and its tokenizer. It is read once, and is on the GPU
    where there is one."""

    def __init__(
        self,
        run: TrainingRun,
        step: Which = "last",
        dtype: InferenceDtype | None = None,
        *,
        average: bool = False,
    ) -> None:
        self._model = trained_model(run, step, dtype, average=average)
        self._pieces = load_tokenizer(run)
        self._vocabulary = run.shards.vocabulary
        self._threads = run.manifest.train.threads
        self._ways = inference_choice(run, self._model.output_bias.dtype)

    def generate(
        self, prompts: Sequence[str], max_tokens: int = 256, choice: SamplingSettings = GREEDY
    ) -> list[str]:
        """An answer to each prompt, of ``max_tokens`` tokens at most. A prompt may be empty, and of any
        length.

        Raises:
            PromptError: a prompt is no text.
        """
        ids = [self._pieces.encode(checked_prompt(prompt)) for prompt in prompts]
        with deterministic_cpu(self._threads), bf16_ways(self._ways):
            answers = generate(self._model, self._vocabulary, ids, max_tokens=max_tokens, choice=choice)
        return [self._pieces.decode(answer.tolist()) for answer in answers]

    @torch.inference_mode()
    def loss(self, prompts: Sequence[str], targets: Sequence[str]) -> float:
        """Mean nats per token of the targets, given the prompts, in the layout of instructions. Nothing is
        cut; only text counts, as in the held-out losses, not the marks that end an answer.

        Raises:
            UserError: there are more of one than of the other, or no text in the targets.
        """
        if len(prompts) != len(targets):
            raise UserError(f"{len(prompts)} prompts but {len(targets)} targets", fix="give as many of each")
        total, counted = 0.0, 0
        with deterministic_cpu(self._threads), bf16_ways(self._ways):
            for start in range(0, len(prompts), _TOGETHER):
                rows = slice(start, start + _TOGETHER)
                inputs = on_device(self._batch(prompts[rows], targets[rows]).inputs(), device())
                nats, tokens, _ = self._model(**inputs)
                total, counted = total + float(nats), counted + int(tokens)
        if not counted:
            raise UserError("the targets hold no text", fix="give some")
        return total / counted

    def _batch(self, prompts: Sequence[str], targets: Sequence[str]) -> Batch:
        asked, wanted = (
            Ragged.of([np.array(ids, dtype=np.uint32) for ids in self._pieces.encode(list(texts))])
            for texts in (prompts, targets)
        )
        whole = InstructionObjective(
            kind="instruction",
            source=int(asked.lengths.max()) + 4,
            target=int(wanted.lengths.max()) + 3,
        )
        seeds = np.zeros(len(prompts), np.uint64)  # nothing is drawn
        batch = Instruction(whole, self._vocabulary).apply(Pairs(asked, wanted), 0, seeds)
        return text_only(batch, self._vocabulary)
