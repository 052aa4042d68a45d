"""The quality step: models, signals and tokens, perplexity, then the rules. A phase is redone only if what it reads changed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from manifests.files import sha256
from manifests.schema.base import ManifestError
from manifests.schema.corpus import CorpusManifest, PerplexitySettings, Rule
from manifests.schema.documents import LANGUAGES, MEASURED
from manifests.schema.signals import MODEL_SIGNALS, SIGNALS
from pipeline.arrowio import describe
from pipeline.context import StepContext
from pipeline.outcome import Outcome, Position, decide
from pipeline.quality.extract import LanguageModel, PerplexityExtractor, SignalExtractor
from pipeline.quality.histogram import histograms
from pipeline.quality.models import CopyFile, MeasureBounds, ReferenceTokens, TrainModel, TrainTokenizer
from pipeline.quality.parts import PartRows
from pipeline.quality.rules import judge
from pipeline.quality.sample import Sample, balanced, language_bytes
from pipeline.step import Step, StepResult, Transform

TOKENIZER = "tokenizer/part-00000.model"
"""Where the tokenizer lies in the step's folder, trained or given; the shards step reads it there."""
BYTES_PER_TOKEN = 3
"""Fewer than any of the languages has, so that a sample of three bytes a token keeps below its limit of tokens."""
BUCKET_NAMES = ("head", "middle", "tail")


class QualityStep(Step):
    """See the module. ``signals/`` and ``perplexity/`` hold one row for each input document."""

    name = "quality"
    version = 2

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        settings = corpus.quality.model_dump(mode="json")
        settings["rules"] = [rule.model_dump(mode="json") for rule in corpus.quality.judged]
        return settings | {"references": sorted(_references(corpus)), "seed": corpus.seed}

    def inputs(self, context: StepContext) -> dict[str, str]:
        given = context.corpus.quality.tokenizer.model
        if given is None:
            return {}
        path = context.resolve(given)
        if not path.is_file():
            raise ManifestError(f"quality.tokenizer.model: {path} does not exist; give a SentencePiece model, or leave the key out")
        return {"tokenizer": sha256(path)}

    def run(self, context: StepContext) -> StepResult:
        tokenizer = self._tokenizer(context)
        model = [self.version, sha256(tokenizer)]
        signals = _rows(context, context.extract("signals", SignalExtractor(tokenizer), key=model))
        settings = context.corpus.quality.perplexity
        perplexity, models = (None, {}) if settings is None else self._perplexity(context, settings, signals, model)
        parts = context.map(ApplyRules(context.corpus.quality.judged, signals, perplexity))
        files = [describe(path, context.folder, 0) for path in (tokenizer, *(entry.path for entry in models.values()))]
        return StepResult(parts, metrics=_bounds(models), files=files)

    def _tokenizer(self, context: StepContext) -> Path:
        settings = context.corpus.quality.tokenizer
        work: CopyFile | TrainTokenizer
        key: Any
        if settings.model is not None:
            work, key = CopyFile(context.resolve(settings.model)), self.inputs(context)
        else:
            sources = frozenset(source.name for source in context.corpus.sources)
            available = {name: size for name, size in language_bytes(context.inputs, sources).items() if name in LANGUAGES}
            sample = Sample(balanced(available, settings.sample_bytes), sources)
            work = TrainTokenizer(settings, context.corpus.seed, context.tasks(), sample)
            key = [self.version, settings.model_dump(), context.corpus.seed, _hashes(context)]
        return context.each("tokenizer", work, 1, ".model", key=key)[0]

    def _perplexity(
        self, context: StepContext, settings: PerplexitySettings, signals: PartRows, tokenizer: list[Any]
    ) -> tuple[PartRows, dict[str, LanguageModel]]:
        references = _references(context.corpus)
        available = {name: size for name, size in language_bytes(context.inputs, references).items() if name in LANGUAGES}
        budget = settings.max_reference_tokens * BYTES_PER_TOKEN
        sample = Sample({language: min(1.0, budget / size) for language, size in available.items()}, references)
        reference = ReferenceTokens(context.tasks(), signals, sample)
        languages = list(available)
        key = [*tokenizer, settings.model_dump(), sorted(references), _hashes(context)]
        arpas = context.each("models", TrainModel(settings, languages, reference), len(languages), ".arpa", key=key)
        bounds = context.each("bounds", MeasureBounds(arpas, languages, reference), len(languages), ".json", key=key)
        models = {
            language: LanguageModel(arpa, *(json.loads(bound.read_text(encoding="utf-8")) or (math.inf, math.inf)))
            for language, arpa, bound in zip(languages, arpas, bounds, strict=True)
            if arpa.stat().st_size
        }
        extractor = PerplexityExtractor(models, signals, sample)
        return _rows(context, context.extract("perplexity", extractor, key=key)), models


class ApplyRules(Transform):
    """Joins documents with what was measured of them, and rejects those that break a rule."""

    schema = MEASURED

    def __init__(self, rules: Sequence[Rule], signals: PartRows, perplexity: PartRows | None) -> None:
        self._rules = tuple(rules)
        self._signals = signals
        self._perplexity = perplexity

    def process(self, batch: pa.RecordBatch, where: Position) -> Outcome:
        found = self._signals.rows(where, batch.num_rows)
        tokens = found.pop("tokens")
        exempt = np.zeros(batch.num_rows, bool)
        if self._perplexity is None:
            found |= {name: pa.array(np.full(batch.num_rows, np.nan, np.float32)) for name in MODEL_SIGNALS}
        else:
            found |= self._perplexity.rows(where, batch.num_rows)
            exempt = found.pop("exempt").to_numpy(zero_copy_only=False)
        signals = {name: found[name].to_numpy(zero_copy_only=False) for name in SIGNALS}
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        reason, detail = judge(signals, languages, self._rules)
        struct = pa.StructArray.from_arrays([found[name] for name in SIGNALS], fields=list(MEASURED.field("signals").type))
        whole = batch.append_column("signals", struct).append_column("tokens", tokens)
        rejected = reason.is_valid().to_numpy(zero_copy_only=False)
        metrics = histograms(signals, languages, rejected, self._rules) | _perplexity_metrics(signals, languages, exempt)
        return decide("quality", whole, reason, detail, metrics)


def _perplexity_metrics(signals: dict[str, np.ndarray], languages: np.ndarray, exempt: np.ndarray) -> dict[str, int]:
    """Documents in each bucket, and documents that their own model must not judge, by language."""
    metrics = {}
    for language in LANGUAGES:
        here = languages == language
        metrics[f"perplexity/exempt/{language}"] = int((here & exempt).sum())
        for number, name in enumerate(BUCKET_NAMES):
            metrics[f"perplexity/{name}/{language}"] = int((here & (signals["perplexity_bucket"] == number)).sum())
    return {name: value for name, value in metrics.items() if value}


def _bounds(models: dict[str, LanguageModel]) -> dict[str, int]:
    """The perplexities, rounded, at which middle and tail begin."""
    bounds = {f"perplexity/middle_from/{language}": model.middle for language, model in models.items()}
    bounds |= {f"perplexity/tail_from/{language}": model.tail for language, model in models.items()}
    return {name: round(value) for name, value in bounds.items() if math.isfinite(value)}


def _references(corpus: CorpusManifest) -> frozenset[str]:
    return frozenset(source.name for source in corpus.sources if source.reference)


def _hashes(context: StepContext) -> list[str]:
    return [part.kept.sha256 for part in context.inputs]


def _rows(context: StepContext, paths: Sequence[Path]) -> PartRows:
    return PartRows({part.index: path for part, path in zip(context.inputs, paths, strict=True)})
