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
import pyarrow.compute as pc

from manifests.schema.base import Strict, load
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
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.quality.extractors import LanguageModel, is_traditional

_MEASURED = pa.schema([("tokens", pa.list_(pa.uint32())), ("traditional_ratio", pa.float32())])
PERCENTILES = (30, 60)
"""Where the middle and the tail begin: the defaults of CCNet (arXiv 1911.00359)."""


class _Record(Strict):
    """What ``MeasureBounds`` writes."""

    bounds: tuple[float, float] | None
    scales: tuple[tuple[float, float, float] | None, tuple[float, float, float] | None]
    file: File


@dataclass(frozen=True)
class CopyFile:
    """Brings a given model to the place where a trained one would be."""

    source: Path

    def __call__(self, index: int, out: Path) -> None:
        shutil.copyfile(self.source, out)


@dataclass(frozen=True)
class TrainTokenizer:
    """Trains on the sampled documents, in the order of the parts, without their personal data: a piece may be
    as long as an address, and the shards have no more of it."""

    settings: TokenizerSettings
    seed: int
    tasks: Sequence[PartTask]
    sample: Sample
    scrubber: Scrubber

    def __call__(self, index: int, out: Path) -> None:
        tokenizer.train(self._texts(), self.settings.pieces, out, self.seed)

    def _texts(self) -> Iterator[str]:
        for task in self.tasks:
            for batch in task.reader:
                chosen = batch.column("text").filter(pa.array(self.sample.chosen(batch)))
                yield from self.scrubber.texts(chosen).texts.to_pylist()


@dataclass(frozen=True)
class ReferenceTokens:
    """The sampled reference documents of a language that a model is trained on, or those that it does not
    see."""

    tasks: Sequence[PartTask]
    signals: PartRows
    sample: Sample
    folds: Folds

    def read(self, language: str, model: int) -> pa.Table:
        """``tokens`` and ``traditional_ratio`` of each document that the model does not see."""
        found = [measured for _, measured in self._chosen(language, model, unseen=True)]
        return pa.Table.from_batches(found, _MEASURED).combine_chunks()

    def without_personal_data(
        self, language: str, model: int, scrubber: Scrubber, encoder: Tokenizer
    ) -> pa.ListArray:
        """The tokens of each document that the model is trained on, as they are without personal data: an
        n-gram may be somebody's number."""
        found: list[pa.Array] = [pa.array([], _MEASURED.field("tokens").type)]
        for texts, measured in self._chosen(language, model, unseen=False):
            tokens, clean = measured.column("tokens"), scrubber.texts(texts).texts
            changed = pc.not_equal(clean, texts)
            again = encoder.encode_again(clean.filter(changed), tokens.filter(changed))
            found.append(_with_lists(tokens, changed, again.cast(tokens.type)))
        return pa.concat_arrays(found)

    def _chosen(
        self, language: str, model: int, unseen: bool
    ) -> Iterator[tuple[pa.StringArray, pa.RecordBatch]]:
        """Texts and what was measured of them, batch by batch."""
        for task in self.tasks:
            row = 0
            for batch in task.reader:
                mask = self.sample.chosen(batch) & ((self.folds.fold(whole_hashes(batch)) == model) == unseen)
                mask &= batch.column("language").to_numpy(zero_copy_only=False) == language
                if mask.any():
                    measured = self.signals.rows(BatchPosition(task.index, row), batch.num_rows)
                    columns = [measured[field.name] for field in _MEASURED]
                    rows = pa.RecordBatch.from_arrays(columns, schema=_MEASURED).filter(pa.array(mask))
                    yield batch.column("text").filter(pa.array(mask)), rows
                row += batch.num_rows


def _with_lists(lists: pa.ListArray, mask: pa.BooleanArray, new: pa.ListArray) -> pa.ListArray:
    """The lists with those of ``mask`` replaced, in their order."""
    chosen = mask.to_numpy(zero_copy_only=False)
    place = np.arange(len(lists))
    place[chosen] = len(lists) + np.arange(len(new))
    return lists if not chosen.any() else pa.concat_arrays([lists, new]).take(pa.array(place))


@dataclass(frozen=True)
class TrainModel:
    """Writes one model of ``models``, (language, number) each; an empty file where there is no document to
    train on.

    ``lmplz``: the program, or None for the built-in estimator.
    """

    settings: PerplexitySettings
    models: Sequence[tuple[str, int]]
    reference: ReferenceTokens
    tokenizer: Path
    scrubber: Scrubber
    lmplz: Path | None

    def __call__(self, index: int, out: Path) -> None:
        encoder = Tokenizer(self.tokenizer)
        tokens = self.reference.without_personal_data(*self.models[index], self.scrubber, encoder)
        if not len(tokens):
            out.touch()
            return
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
        found = self.reference.read(*self.models[index])
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
    record = load(bounds, _Record)
    scales = tuple(None if scale is None else GainScale(*scale) for scale in record.scales)
    middle, tail = record.bounds or (math.inf, math.inf)
    return LanguageModel(path, record.file, middle, tail, scales)
