"""What is measured of each document, without judging it: signals and tokens first, then the perplexity of the
tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.schema.documents import PROSE_LANGUAGES
from manifests.schema.signals import MODEL_SIGNALS
from manifests.schema.steps import File
from pipeline.models.perplexity.context_gain import GainScale
from pipeline.models.perplexity.line_context_gain import is_wrapped, line_context_gain
from pipeline.models.perplexity.scorer import PerplexityScorer, Scores
from pipeline.models.tokenizer import Tokenizer
from pipeline.models.training_sample import NO_MODEL, Folds, Sample
from pipeline.models.word_starts import word_starts
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.transform import Extractor
from pipeline.runtime.whole_documents import whole_hashes
from pipeline.steps.quality.given_models import GivenPerplexity
from pipeline.text.quality_signals.signals import LAID_OUT, MEASURED, measure


class SignalExtractor(Extractor):
    """The signals of ``MEASURED`` and the ``tokens`` of each document. Depends on no rule and on no
    perplexity model."""

    schema = pa.schema(
        [*(pa.field(name, pa.float32()) for name in MEASURED), pa.field("tokens", pa.list_(pa.uint32()))]
    )

    def __init__(self, tokenizer: Path) -> None:
        self._path = tokenizer

    def setup(self) -> None:
        self._tokenizer = Tokenizer(self._path)

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        texts = batch.column("text")
        prose = np.isin(batch.column("language").to_numpy(zero_copy_only=False), PROSE_LANGUAGES)
        columns = [
            *(pa.array(values) for values in measure(texts, prose).values()),
            self._tokenizer.encode(texts),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


@dataclass(frozen=True)
class LanguageModel:
    """A perplexity model, its entry in the manifest, where the middle and the tail of reference text that it
    has not seen begin, and the scale of that text's order of words: of all that is not Traditional Chinese,
    and of what is."""

    path: Path
    file: File
    middle: float
    tail: float
    scales: tuple[GainScale | None, ...]


def is_traditional(traditional_ratio: np.ndarray) -> np.ndarray:
    """bool [documents]: most of the characters that tell are Traditional."""
    return np.asarray(traditional_ratio > 0.5)


class PerplexityExtractor(Extractor):
    """``perplexity``, ``perplexity_bucket``, ``context_gain``, ``line_context_gain``, and whether a document
    is ``exempt`` because every model was trained on it."""

    schema = pa.schema(
        [
            *(pa.field(name, pa.float32()) for name in MODEL_SIGNALS if name != "quality_score"),
            ("exempt", pa.bool_()),
        ]
    )

    def __init__(
        self,
        models: Mapping[tuple[str, int], LanguageModel],
        given: GivenPerplexity,
        tokenizer: Path,
        signals: PartRows,
        sample: Sample,
        folds: Folds,
    ) -> None:
        """``models`` by language and number, and those ``given`` from elsewhere."""
        self._models = dict(models)
        self._given = given
        self._tokenizer = tokenizer
        self._signals = signals
        self._sample = sample
        self._folds = folds

    def setup(self) -> None:
        self._given.setup()
        self._encoder = Tokenizer(self._tokenizer)
        classes = word_starts(self._encoder.names())
        self._scorers = {key: PerplexityScorer(model.path, classes) for key, model in self._models.items()}

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        measured = self._signals.rows(where, batch.num_rows)
        traditional = is_traditional(measured["traditional_ratio"].to_numpy(zero_copy_only=False))
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        judge = self._folds.judge(whole_hashes(batch), self._sample.chosen(batch))
        perplexity, bucket = self._given.measure(batch)
        order, line_order = np.full((2, batch.num_rows), np.nan)
        wrapped = _is_wrapped(measured) & np.isin(languages, PROSE_LANGUAGES)
        for (language, number), model in self._models.items():
            rows = np.flatnonzero((languages == language) & (judge == number))
            scores = self._scorers[language, number].scores(measured["tokens"], rows)
            perplexity[rows] = scores.perplexity
            bucket[rows] = np.digitize(scores.perplexity, (model.middle, model.tail))
            order[rows] = _context_gain(scores, model.scales, traditional[rows])
            rows = rows[wrapped[rows]]
            texts = batch.column("text").take(pa.array(rows))
            line_order[rows] = line_context_gain(texts, self._encoder, self._scorers[language, number])
        # Spaces in a row part the words that the model knows.
        laid_out = measured["whitespace_ratio"].to_numpy(zero_copy_only=False) > LAID_OUT
        order[laid_out] = line_order[laid_out] = np.nan
        columns = [pa.array(values.astype(np.float32)) for values in (perplexity, bucket, order, line_order)]
        exempt = (judge == NO_MODEL) & ~np.isin(languages, self._given.languages)
        return pa.RecordBatch.from_arrays([*columns, pa.array(exempt)], schema=self.schema)


def _is_wrapped(measured: Mapping[str, pa.Array]) -> np.ndarray:
    """bool [documents]."""
    names = ("lines", "mean_line_length", "max_line_length")
    return is_wrapped(*(measured[name].to_numpy(zero_copy_only=False) for name in names))


def _context_gain(scores: Scores, scales: Sequence[GainScale | None], traditional: np.ndarray) -> np.ndarray:
    """Each document on its script's scale; NaN where there is none."""
    found = [scale and scale.context_gain(scores) for scale in scales]
    nothing = np.full(len(traditional), np.nan)
    return np.choose(traditional.astype(int), [nothing if one is None else one for one in found])
