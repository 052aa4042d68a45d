"""What is measured of each document, without judging it: signals and tokens first, then the perplexity of the
tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.schema.steps import File
from pipeline.models.perplexity.scorer import PerplexityScorer
from pipeline.models.tokenizer import Tokenizer
from pipeline.models.training_sample import NO_MODEL, Folds, Sample
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.transform import Extractor
from pipeline.text.quality_signals.signals import MEASURED, measure


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
        columns = [*(pa.array(values) for values in measure(texts).values()), self._tokenizer.encode(texts)]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


@dataclass(frozen=True)
class LanguageModel:
    """A perplexity model, its entry in the manifest, and where the middle and the tail of reference text that
    it has not seen begin."""

    path: Path
    file: File
    middle: float
    tail: float


class PerplexityExtractor(Extractor):
    """``perplexity``, ``perplexity_bucket``, and whether a document is ``exempt`` because every model was
    trained on it."""

    schema = pa.schema(
        [("perplexity", pa.float32()), ("perplexity_bucket", pa.float32()), ("exempt", pa.bool_())]
    )

    def __init__(
        self, models: Mapping[tuple[str, int], LanguageModel], signals: PartRows, sample: Sample, folds: Folds
    ) -> None:
        """``models`` by language and number."""
        self._models = dict(models)
        self._signals = signals
        self._sample = sample
        self._folds = folds

    def setup(self) -> None:
        self._scorers = {key: PerplexityScorer(model.path) for key, model in self._models.items()}

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        tokens = self._signals.rows(where, batch.num_rows)["tokens"]
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        judge = self._folds.judge(batch.column("hash"), self._sample.chosen(batch))
        perplexity = np.full(batch.num_rows, np.nan)
        bucket = np.full(batch.num_rows, np.nan)
        for (language, number), model in self._models.items():
            rows = np.flatnonzero((languages == language) & (judge == number))
            perplexity[rows] = self._scorers[language, number].score(tokens, rows)
            bucket[rows] = np.digitize(perplexity[rows], (model.middle, model.tail))
        columns = [pa.array(values.astype(np.float32)) for values in (perplexity, bucket)]
        return pa.RecordBatch.from_arrays([*columns, pa.array(judge == NO_MODEL)], schema=self.schema)
