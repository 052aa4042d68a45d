"""Trains what the step measures with: the tokenizer, and for each language perplexity models and the bounds
of their buckets."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.schema.quality import PerplexitySettings, TokenizerSettings
from manifests.schema.steps import File
from pipeline.models import tokenizer
from pipeline.models.perplexity import lmplz
from pipeline.models.perplexity.context_gain import GainScale, measure_scale
from pipeline.models.perplexity.kneser_ney import estimate
from pipeline.models.perplexity.scorer import PerplexityScorer, Scores
from pipeline.models.tokenizer import Tokenizer
from pipeline.models.training_sample import Folds, Sample
from pipeline.models.word_starts import word_starts
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.transform import PartTask
from pipeline.runtime.whole_documents import whole_hashes
from pipeline.steps.quality.extractors import LanguageModel, is_traditional

_MEASURED = pa.schema([("tokens", pa.list_(pa.uint32())), ("traditional_ratio", pa.float32())])
PERCENTILES = (30, 60)
"""Where the middle and the tail begin: the defaults of CCNet (arXiv 1911.00359)."""


@dataclass(frozen=True)
class CopyFile:
    """Brings a given model to the place where a trained one would be."""

    source: Path

    def __call__(self, index: int, out: Path) -> None:
        shutil.copyfile(self.source, out)


@dataclass(frozen=True)
class TrainTokenizer:
    """Trains on the sampled documents, in the order of the parts."""

    settings: TokenizerSettings
    seed: int
    tasks: Sequence[PartTask]
    sample: Sample

    def __call__(self, index: int, out: Path) -> None:
        tokenizer.train(self._texts(), self.settings.pieces, out, self.seed)

    def _texts(self) -> Iterator[str]:
        for task in self.tasks:
            for batch in task.reader:
                yield from batch.column("text").filter(pa.array(self.sample.chosen(batch))).to_pylist()


@dataclass(frozen=True)
class ReferenceTokens:
    """The sampled reference documents of a language that a model is trained on, or those that it does not
    see."""

    tasks: Sequence[PartTask]
    signals: PartRows
    sample: Sample
    folds: Folds

    def read(self, language: str, model: int, unseen: bool) -> pa.Table:
        """``tokens`` and ``traditional_ratio`` of each document."""
        found: list[pa.RecordBatch] = []
        for task in self.tasks:
            row = 0
            for batch in task.reader:
                mask = self.sample.chosen(batch) & ((self.folds.fold(whole_hashes(batch)) == model) == unseen)
                mask &= batch.column("language").to_numpy(zero_copy_only=False) == language
                if mask.any():
                    measured = self.signals.rows(BatchPosition(task.index, row), batch.num_rows)
                    columns = [measured[field.name] for field in _MEASURED]
                    found.append(pa.RecordBatch.from_arrays(columns, schema=_MEASURED).filter(pa.array(mask)))
                row += batch.num_rows
        return pa.Table.from_batches(found, _MEASURED).combine_chunks()


@dataclass(frozen=True)
class TrainModel:
    """Writes one model of ``models``, (language, number) each; an empty file where there is no document to
    train on.

    ``lmplz``: the program, or None for the built-in estimator.
    """

    settings: PerplexitySettings
    models: Sequence[tuple[str, int]]
    reference: ReferenceTokens
    lmplz: Path | None

    def __call__(self, index: int, out: Path) -> None:
        found = self.reference.read(*self.models[index], unseen=False)
        if not len(found):
            out.touch()
            return
        tokens = found["tokens"].combine_chunks()
        offsets = tokens.offsets.to_numpy().astype(np.int64)
        work = estimate if self.lmplz is None else partial(lmplz.estimate, self.lmplz)
        work(tokens.flatten().to_numpy(), offsets - offsets[0], self.settings.order, out)


@dataclass(frozen=True)
class MeasureBounds:
    """Writes, as JSON, what a model says of the reference text that it has not seen: the perplexities at
    ``PERCENTILES`` (null without any text), the scale of the order of words in each script, and the
    manifest's entry of the model, so that models of gigabytes are not hashed again when a rule changes."""

    paths: Sequence[Path]
    models: Sequence[tuple[str, int]]
    reference: ReferenceTokens
    tokenizer: Path
    seed: int

    def __call__(self, index: int, out: Path) -> None:
        path = self.paths[index]
        found = self.reference.read(*self.models[index], unseen=True)
        bounds: list[float] | None = None
        scales: list[GainScale | None] = [None, None]
        if len(found) and path.stat().st_size:
            scorer = PerplexityScorer(path, word_starts(Tokenizer(self.tokenizer).names()))
            tokens = found["tokens"].combine_chunks()
            scores = scorer.scores(tokens)
            bounds = np.percentile(scores.perplexity, PERCENTILES).tolist()
            traditional = is_traditional(found["traditional_ratio"].to_numpy())
            scales = [self._scale(scorer, tokens, scores, mask) for mask in (~traditional, traditional)]
        file = describe(path, path.parent.parent, 0)
        record = {"bounds": bounds, "scales": scales, "file": file.model_dump()}
        out.write_text(json.dumps(record), encoding="utf-8")

    def _scale(
        self, scorer: PerplexityScorer, tokens: pa.ListArray, scores: Scores, mask: np.ndarray
    ) -> GainScale | None:
        """Of the documents in ``mask`` bool [documents]."""
        here = Scores(*(values[mask] for values in scores))
        return measure_scale(scorer, tokens.filter(pa.array(mask)), here, self.seed)


def read_model(path: Path, bounds: Path) -> LanguageModel:
    """What ``TrainModel`` and ``MeasureBounds`` left of one model."""
    record = json.loads(bounds.read_text(encoding="utf-8"))
    scales = tuple(None if scale is None else GainScale(*scale) for scale in record["scales"])
    middle, tail = record["bounds"] or (math.inf, math.inf)
    return LanguageModel(path, File(**record["file"]), middle, tail, scales)
