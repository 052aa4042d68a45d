"""What is measured by models that were made elsewhere: KenLM's perplexity and a fastText score."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from manifests.border.json_files import read_json
from manifests.border.unsound_file import check
from manifests.errors import UserError
from pipeline.models.fasttext_file import load_model
from pipeline.models.perplexity.kenlm_model import KenlmScorer
from pipeline.models.training_sample import Sample
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.transform import Extractor, PartTask


class GivenModel(NamedTuple):
    """See ``KenlmScorer``."""

    model: Path
    tokenizer: Path | None
    ccnet: bool


@dataclass(frozen=True)
class MeasureGivenBounds:
    """Writes, as JSON, the perplexities at ``percentiles`` of a language's sampled reference documents;
    null without any."""

    models: Sequence[tuple[str, GivenModel]]
    tasks: Sequence[PartTask]
    sample: Sample
    percentiles: tuple[int, ...]

    def __call__(self, index: int, out: Path) -> None:
        language, model = self.models[index]
        scorer = KenlmScorer(*model)
        found = [scorer.score(self._texts(batch, language)) for task in self.tasks for batch in task.reader]
        values = np.concatenate([*found, np.empty(0)])
        values = values[np.isfinite(values)]
        bounds = np.percentile(values, self.percentiles).tolist() if len(values) else None
        out.write_text(json.dumps(bounds), encoding="utf-8")

    def _texts(self, batch: pa.RecordBatch, language: str) -> list[str]:
        here = batch.column("language").to_numpy(zero_copy_only=False) == language
        texts: list[str] = batch.column("text").filter(pa.array(self.sample.chosen(batch) & here)).to_pylist()
        return texts


class GivenPerplexity:
    """``perplexity`` and ``perplexity_bucket`` of the documents of some languages. ``bounds``: what
    ``MeasureGivenBounds`` wrote, by language."""

    def __init__(self, models: Mapping[str, GivenModel], bounds: Mapping[str, Path]) -> None:
        self._models = dict(models)
        self._files = dict(bounds)

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that are judged."""
        return tuple(self._models)

    def setup(self) -> None:
        """Loads the models, once in each worker."""
        self._scorers = {language: KenlmScorer(*model) for language, model in self._models.items()}
        self._bounds = {
            language: _read_bounds(path) or (math.inf, math.inf) for language, path in self._files.items()
        }

    def measure(self, batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray]:
        """Both, float64 [documents]; NaN for documents of other languages, and for those without words."""
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        perplexity, bucket = np.full((2, batch.num_rows), np.nan)
        for language, scorer in self._scorers.items():
            rows = np.flatnonzero(languages == language)
            values = scorer.score(batch.column("text").take(pa.array(rows)).to_pylist())
            perplexity[rows] = values
            places = np.digitize(values, self._bounds[language])
            bucket[rows] = np.where(np.isfinite(values), places, np.nan)
        return perplexity, bucket


def _read_bounds(path: Path) -> list[float] | None:
    found: list[float] | None = read_json(path)
    numbers = isinstance(found, list) and all(isinstance(one, float) for one in found)
    check(found is None or (numbers and len(found) == 2 and found == sorted(found)), path, "holds no bounds")
    return found


class GivenClassifierExtractor(Extractor):
    """``quality_score``: the probability of ``label`` for documents of ``languages``; NaN for the others."""

    schema = pa.schema([("quality_score", pa.float32())])

    def __init__(self, model: Path, label: str, languages: Sequence[str]) -> None:
        self._path = model
        self._label = label
        self._languages = tuple(languages)

    def setup(self) -> None:
        self._model = load_model(self._path)
        labels = self._model.labels
        if self._label not in labels:
            known = ", ".join(sorted(labels)[:10]) or "none"
            fix = f"set quality.classifier.label to one of: {known}"
            raise UserError(f"the model has no label {self._label}", where=self._path, fix=fix)

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(np.isin(languages, self._languages))
        score = np.full(batch.num_rows, np.nan, np.float32)
        texts = batch.column("text").take(pa.array(rows)).to_pylist()
        if texts:
            # A line break would end the document for fastText.
            labels, found = self._model.predict([text.replace("\n", " ") for text in texts], k=-1)
            score[rows] = [self._probability(*pair) for pair in zip(labels, found, strict=True)]
        return pa.RecordBatch.from_arrays([pa.array(score)], schema=self.schema)

    def _probability(self, labels: Sequence[str], probabilities: Sequence[float]) -> float:
        by_label = dict(zip(labels, probabilities, strict=True))
        return min(float(by_label.get(self._label, math.nan)), 1.0)
