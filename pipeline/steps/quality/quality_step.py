"""The quality step: models, signals and tokens, perplexity, classifier, then the rules. A phase is redone
only if what it reads changed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from manifests.files import drop_page_cache, sha256
from manifests.plugins import Plugin
from manifests.schema.base import ManifestError
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import LANGUAGES, MEASURED, PART_SHIFT, with_signals
from manifests.schema.plugins import SIGNALS_GROUP, SignalPlugin
from manifests.schema.quality import ClassifierSettings, PerplexitySettings
from manifests.schema.rules import Rule
from manifests.schema.signals import MODEL_SIGNALS
from pipeline.models.perplexity import lmplz
from pipeline.models.quality_classifier import Classes, ClassifierExtractor, TrainClassifier
from pipeline.models.training_sample import Folds, Sample, balanced, language_bytes, language_documents
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.context import StepContext
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.runtime.transform import Transform
from pipeline.steps.quality.extractors import LanguageModel, PerplexityExtractor, SignalExtractor
from pipeline.steps.quality.rules import judge
from pipeline.steps.quality.signal_histograms import histograms
from pipeline.steps.quality.train_models import (
    CopyFile,
    MeasureBounds,
    ReferenceTokens,
    TrainModel,
    TrainTokenizer,
    read_model,
)
from pipeline.steps.quality.user_signals import UserSignal

BYTES_PER_TOKEN = 3
"""Fewer than any of the languages has, so that a sample of three bytes a token keeps below its limit of
tokens."""
BUCKET_NAMES = ("head", "middle", "tail")


class QualityStep(Step):
    """See the module. ``signals/``, ``perplexity/`` and ``scores/`` hold one row for each input document.

    Artifacts: ``tokenizer``, trained or given, and ``signals``, a file of signals and tokens for each part.
    """

    name = "quality"
    version = 4

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        settings = corpus.quality.model_dump(mode="json")
        settings["rules"] = [rule.model_dump(mode="json") for rule in corpus.quality.judged]
        return settings | {"references": sorted(_references(corpus)), "seed": corpus.seed}

    def inputs(self, context: StepContext) -> dict[str, str]:
        """A given tokenizer; signals of the user's own; and lmplz, whose model is not to the last digit that
        of the built-in estimator."""
        settings = context.corpus.quality
        found = {f"signals/{name}": plugin.fingerprint for name, plugin in _user_signals(context).items()}
        if settings.tokenizer.model is not None:
            path = context.resolve(settings.tokenizer.model)
            if not path.is_file():
                raise ManifestError(
                    f"quality.tokenizer.model: {path} does not exist; give a SentencePiece model, or leave "
                    "the key out"
                )
            found["tokenizer"] = sha256(path)
        program = lmplz.find(settings.perplexity.estimator) if settings.perplexity else None
        return found if program is None else found | {lmplz.PROGRAM: sha256(program)}

    def run(self, context: StepContext) -> StepResult:
        quality = context.corpus.quality
        tokenizer = self._tokenizer(context)
        model = [self.version, sha256(tokenizer)]
        written = Phases(context).extract("signals", SignalExtractor(tokenizer), key=model)
        signals = _rows(context, written)
        found, metrics = [signals, *self._own_signals(context)], {}
        files = [describe(path, context.folder, 0) for path in (tokenizer, *written)]
        artifacts = {"tokenizer": files[:1], "signals": files[1:]}
        if quality.perplexity is not None:
            rows, models = self._perplexity(context, quality.perplexity, signals, tokenizer)
            found.append(rows)
            files += [entry.file for entry in models.values()]
            metrics = _bounds(models)
        if quality.classifier is not None:
            rows, paths = self._classifier(context, quality.classifier, signals, model)
            found.append(rows)
            files += [describe(path, context.folder, 0) for path in paths]
        parts = Phases(context).map(ApplyRules(quality.judged, found, quality.signals))
        return StepResult(parts, metrics, files, artifacts)

    @staticmethod
    def _own_signals(context: StepContext) -> list[PartRows]:
        return [
            _rows(
                context,
                Phases(context).extract(
                    f"user_signals/{name}", UserSignal(name, plugin), key=plugin.fingerprint
                ),
            )
            for name, plugin in _user_signals(context).items()
        ]

    def _tokenizer(self, context: StepContext) -> Path:
        settings = context.corpus.quality.tokenizer
        work: CopyFile | TrainTokenizer
        key: Any
        if settings.model is not None:
            work, key = CopyFile(context.resolve(settings.model)), self.inputs(context)["tokenizer"]
        else:
            sources = frozenset(source.name for source in context.corpus.sources)
            available = _known(language_bytes(context.inputs, sources))
            sample = Sample(balanced(available, settings.sample_bytes), sources)
            work = TrainTokenizer(settings, context.corpus.seed, context.tasks(), sample)
            key = [self.version, settings.model_dump(), context.corpus.seed, _hashes(context)]
        return Phases(context).each("tokenizer", work, 1, ".model", key=key)[0]

    def _perplexity(
        self, context: StepContext, settings: PerplexitySettings, signals: PartRows, tokenizer: Path
    ) -> tuple[PartRows, dict[tuple[str, int], LanguageModel]]:
        references, folds = _references(context.corpus), Folds.by(settings)
        available = _known(language_bytes(context.inputs, references))
        budget = settings.max_reference_tokens * BYTES_PER_TOKEN
        sample = Sample(
            {language: min(1.0, budget / size) for language, size in available.items()}, references
        )
        reference = ReferenceTokens(context.tasks(), signals, sample, folds)
        models = list(itertools.product(available, range(folds.models)))
        estimator = self.inputs(context).get(lmplz.PROGRAM)
        model = [self.version, sha256(tokenizer)]
        key = [*model, settings.model_dump(), estimator, sorted(references), _hashes(context)]
        train = TrainModel(settings, models, reference, lmplz.find(settings.estimator))
        paths = Phases(context).each("models", train, len(models), ".ngrams", key=key)
        measure = MeasureBounds(paths, models, reference, tokenizer, context.corpus.seed)
        bounds = Phases(context).each("bounds", measure, len(models), ".json", key=key)
        found = {
            model: read_model(path, bound)
            for model, path, bound in zip(models, paths, bounds, strict=True)
            if path.stat().st_size
        }
        extractor = PerplexityExtractor(found, tokenizer, signals, sample, folds)
        rows = _rows(context, Phases(context).extract("perplexity", extractor, key=key))
        for path in paths:
            drop_page_cache(path)  # all documents are judged
        return rows, found

    def _classifier(
        self, context: StepContext, settings: ClassifierSettings, signals: PartRows, tokenizer: list[Any]
    ) -> tuple[PartRows, list[Path]]:
        references, folds = _references(context.corpus), Folds.by(settings)
        others = frozenset(source.name for source in context.corpus.sources) - references
        good, raw = (_known(language_documents(context.inputs, sources)) for sources in (references, others))
        taken = {
            language: min(settings.documents, good[language], raw[language])
            for language in good
            if language in raw
        }
        classes = Classes(
            *(
                Sample({name: taken[name] / size[name] for name in taken}, of)
                for size, of in ((good, references), (raw, others))
            )
        )
        models = list(itertools.product(taken, range(folds.models)))
        seed = context.corpus.seed
        key = [*tokenizer, settings.model_dump(), seed, sorted(references), _hashes(context)]
        train = TrainClassifier(models, context.tasks(), signals, classes, folds, seed)
        paths = Phases(context).each("classifiers", train, len(models), ".bin", key=key)
        found = {model: path for model, path in zip(models, paths, strict=True) if path.stat().st_size}
        extractor = ClassifierExtractor(found, signals, classes, folds)
        return _rows(context, Phases(context).extract("scores", extractor, key=key)), list(found.values())


class ApplyRules(Transform):
    """Joins documents with what was measured of them, and rejects those that break a rule."""

    schema = MEASURED

    def __init__(
        self, rules: Sequence[Rule], measured: Sequence[PartRows], own: Sequence[SignalPlugin] = ()
    ) -> None:
        """``own``: signals of the user's own."""
        self._rules = tuple(rules)
        self._measured = tuple(measured)
        self._own = tuple(own)

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        found = self._found(batch.num_rows, where)
        fields = list(with_signals(MEASURED, [own.name for own in self._own]).field("signals").type)
        signals = {field.name: found[field.name].to_numpy(zero_copy_only=False) for field in fields}
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        reason, detail = judge(signals, languages, self._rules)
        struct = pa.StructArray.from_arrays([found[field.name] for field in fields], fields=fields)
        tokens_at = pa.array((where.part << PART_SHIFT) + where.row + np.arange(batch.num_rows))
        whole = batch.append_column("signals", struct).append_column("tokens_at", tokens_at)
        rejected = reason.is_valid().to_numpy(zero_copy_only=False)
        exempt = found["exempt"].to_numpy(zero_copy_only=False)
        metrics = histograms(signals, languages, rejected, self._rules, self._own) | _perplexity_metrics(
            signals, languages, exempt
        )
        return decide("quality", whole, reason, detail, metrics)

    def _found(self, rows: int, where: BatchPosition) -> dict[str, pa.Array]:
        """What was measured of a batch, by name; what no model has judged is NaN, and not exempt."""
        found = {name: pa.array(np.full(rows, np.nan, np.float32)) for name in MODEL_SIGNALS}
        found["exempt"] = pa.array(np.zeros(rows, bool))
        for measured in self._measured:
            found |= measured.rows(where, rows)
        return found


def _perplexity_metrics(
    signals: dict[str, np.ndarray], languages: np.ndarray, exempt: np.ndarray
) -> dict[str, int]:
    """Documents in each bucket, and documents that their own model must not judge, by language."""
    metrics = {}
    for language in LANGUAGES:
        here = languages == language
        metrics[f"perplexity/exempt/{language}"] = int((here & exempt).sum())
        for number, name in enumerate(BUCKET_NAMES):
            metrics[f"perplexity/{name}/{language}"] = int(
                (here & (signals["perplexity_bucket"] == number)).sum()
            )
    return {name: value for name, value in metrics.items() if value}


def _bounds(models: Mapping[tuple[str, int], LanguageModel]) -> dict[str, int]:
    """The perplexities, rounded, at which middle and tail begin for what the first model of a language
    judges."""
    bounds: dict[str, int] = {}
    for (language, number), model in models.items():
        if number == 0 and math.isfinite(model.tail):
            bounds |= {
                f"perplexity/middle_from/{language}": round(model.middle),
                f"perplexity/tail_from/{language}": round(model.tail),
            }
    return bounds


def _known(counts: dict[str, int]) -> dict[str, int]:
    return {language: count for language, count in counts.items() if language in LANGUAGES}


def _user_signals(context: StepContext) -> dict[str, Plugin]:
    signals = context.corpus.quality.signals
    return {signal.name: context.plugin(signal.use, SIGNALS_GROUP) for signal in signals}


def _references(corpus: CorpusManifest) -> frozenset[str]:
    return frozenset(source.name for source in corpus.sources if source.reference)


def _hashes(context: StepContext) -> list[str]:
    return [part.kept.sha256 for part in context.inputs]


def _rows(context: StepContext, paths: Sequence[Path]) -> PartRows:
    return PartRows({part.index: path for part, path in zip(context.inputs, paths, strict=True)})
