"""What a step trained on, to the document and the token: from manifests, shards and journal alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curriculum.lookup import steps_that_read
from manifests.errors import UserError
from trainer.data.batch import Batch
from trainer.data.data_loader import DataLoader
from trainer.data.dataset import open_sets
from trainer.data.drawn import drawn
from trainer.data.provenance import Passage, Provenance
from trainer.data.step_loader import StepLoader
from trainer.in_force import checked_in_force
from trainer.inference import load_tokenizer
from trainer.model.loss import IGNORED
from trainer.readable_tokens import ReadableTokens
from trainer.run import TrainingRun
from trainer.run_engine import build_objectives

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ReplayedSample:
    """A sample of a step, as the model saw it.

    Attributes:
        step: as in ``metrics.jsonl``, whose first is 1.
        stage: whose objective made the example; in a blend it may be the one before.
        set: the token set; ``row``: the chunk or pair of it; ``passages``: the documents that it is made of.
        denoiser: of the objective; ``noise``: the seed of what it draws.
        rank, micro_batch: the process that computed it, and in which of its passes.
        encoder, target: token ids [tokens] of the two sides.
    """

    step: int
    stage: str
    set: str
    row: int
    passages: tuple[Passage, ...]
    denoiser: int
    noise: int
    rank: int
    micro_batch: int
    encoder: Ids
    target: Ids


class Replay:
    """A run's steps, of whatever journal it has now.

    Args:
        ranks: processes that shared the work. It decides where a sample was computed, and nothing else.

    Raises:
        ManifestError, ShardError, JournalError: see TrainingRun.curriculum.
    """

    def __init__(self, run: TrainingRun, ranks: int = 1) -> None:
        self._run = run = checked_in_force(run)
        self._ranks, self._curriculum = ranks, run.curriculum()
        self._objectives = build_objectives(run)
        self._sets = open_sets(run.shard_folder, run.shards.sets)
        vocabulary = run.shards.vocabulary.padded
        self._opened: dict[tuple[str, str], Provenance] = {}
        self._loader = StepLoader(self._sets, run.manifest.model, vocabulary, 0, ranks)

    def readable(self) -> ReadableTokens:
        """What makes text of the samples' ids.

        Raises:
            ShardError: the tokenizer is missing or another one.
        """
        return ReadableTokens(load_tokenizer(self._run), self._run.shards.vocabulary)

    def step(self, step: int) -> Iterator[ReplayedSample]:
        """The samples of a step, those of each stage in the order of the curriculum.

        Raises:
            UserError: the curriculum has no such step.
        """
        if not 1 <= step <= self._curriculum.total_steps:
            raise UserError(
                f"there is no step {step}: the curriculum has {self._curriculum.total_steps:,}",
                fix="give a step from 1 to that, as in metrics.jsonl",
            )
        plan = self._curriculum.step(step - 1)
        parts = drawn(plan, self._objectives)
        budget = self._run.micro_batches[plan.stage]
        _, packed = self._loader.packed(parts, budget)
        places = {
            int(place): (rank, number)
            for rank, passes in enumerate(packed)
            for number, mine in enumerate(passes)
            for place in mine
        }
        loader, place = DataLoader(self._sets), 0
        for planned, part in zip(plan.parts, parts, strict=True):
            for index in range(len(part)):
                encoder, target = _sides(loader.load([part[np.array([index])]]).batch)
                name, samples = part.sets[part.samples.set_index[index]], part.samples
                yield ReplayedSample(
                    step,
                    planned.stage,
                    name,
                    int(samples.rows[index]),
                    tuple(self._provenance(planned.stage, name).passages(int(samples.rows[index]))),
                    int(samples.denoisers[index]),
                    int(samples.noise[index]),
                    *places[place],
                    encoder,
                    target,
                )
                place += 1

    def seen(self, document: str) -> dict[int, list[str]]:
        """The steps that read a part of a document, each with the sets that it came from, as ``stage/set``.

        Raises:
            UserError: no set has such a document.
        """
        found: dict[int, list[str]] = {}
        known = False
        for index, span in enumerate(self._curriculum.spans):
            for source in span.stream.sources:
                stage = span.stream.stage.name
                rows = self._provenance(stage, source.name).rows(document)
                known |= bool(rows)
                for row in rows:
                    for step in steps_that_read(self._curriculum, index, source.name, row):
                        found.setdefault(step + 1, []).append(f"{stage}/{source.name}")
        if not known:
            raise UserError(
                f"no training set holds a document with the id {document!r}",
                where=self._run.shard_folder,
                fix="give the id as openba replay prints it; rejected and held-out documents are in none",
            )
        return {step: sorted(set(found[step])) for step in sorted(found)}

    def _provenance(self, stage: str, name: str) -> Provenance:
        if (stage, name) not in self._opened:
            length, tokens = self._objectives[stage].shape.chunk_length, self._run.shards.sets[name]
            self._opened[stage, name] = Provenance(self._run.shard_folder, tokens, length)
        return self._opened[stage, name]


def _sides(batch: Batch) -> tuple[Ids, Ids]:
    """What the encoder reads and the decoder writes of the one example in a batch."""
    sources, _ = batch.lengths
    labels = batch.labels[0]
    return batch.encoder[0, : sources[0]], labels[labels != IGNORED]
