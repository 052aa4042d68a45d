"""The phases that train models on reference text, and measure documents by them or by models made
elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.files import drop_page_cache, sha256
from manifests.schema.base import ManifestError
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import LANGUAGES
from manifests.schema.quality import ClassifierSettings, PerplexitySettings, QualitySettings
from pipeline.models.perplexity import lmplz
from pipeline.models.quality_classifier import Classes, ClassifierExtractor, TrainClassifier
from pipeline.models.training_sample import Folds, Sample, language_bytes, language_documents
from pipeline.runtime.context import StepContext
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.phases import Phases
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.quality.extractors import LanguageModel, PerplexityExtractor
from pipeline.steps.quality.given_models import (
    GivenClassifierExtractor,
    GivenModel,
    GivenPerplexity,
    MeasureGivenBounds,
)
from pipeline.steps.quality.train_models import (
    PERCENTILES,
    MeasureBounds,
    ReferenceTokens,
    TrainModel,
    read_model,
)

BYTES_PER_TOKEN = 3
"""Fewer than any of the languages has, so that a sample of three bytes a token keeps below its limit of
tokens."""


def given_files(context: StepContext) -> dict[str, str]:
    """The SHA-256 of each file that the quality settings name, by its key in them.

    Raises:
        ManifestError: one is missing; the message names the key.
    """
    return {key: sha256(_file(context, key, path)) for key, path in _named(context.corpus.quality).items()}


def _named(settings: QualitySettings) -> dict[str, str]:
    named = {"tokenizer.model": settings.tokenizer.model}
    if settings.classifier is not None:
        named["classifier.model"] = settings.classifier.model
    for language, model in (settings.perplexity.models if settings.perplexity else {}).items():
        named[f"perplexity.models.{language}.model"] = model.model
        named[f"perplexity.models.{language}.tokenizer"] = model.tokenizer
    return {key: path for key, path in named.items() if path is not None}


def _file(context: StepContext, key: str, path: str) -> Path:
    found = context.resolve(path)
    if not found.is_file():
        raise ManifestError(f"quality.{key}: {found} does not exist; give a model, or leave the key out")
    return found


def measure_perplexity(
    context: StepContext, settings: PerplexitySettings, signals: PartRows, tokenizer: Path, key: Sequence[Any]
) -> tuple[PartRows, dict[tuple[str, int], LanguageModel]]:
    """Perplexity, bucket and order of words of each document; and the models that were trained, by language
    and number. ``key``: JSON that decides the models, beside the settings and the reference documents."""
    sources, folds = references(context.corpus), Folds.by(settings)
    available = known(language_bytes(context.inputs, sources))
    budget = settings.max_reference_tokens * BYTES_PER_TOKEN
    sample = Sample({language: min(1.0, budget / size) for language, size in available.items()}, sources)
    scrubber = Scrubber.of(context).with_placeholders()
    key = [*key, settings.model_dump(), sorted(sources), hashes(context), scrubber.identity()]
    given = _given_perplexity(context, settings, sample, key)
    reference = ReferenceTokens(context.tasks(), signals, sample, folds)
    trained = [language for language in available if language not in settings.models]
    models = list(itertools.product(trained, range(folds.models)))
    program = lmplz.find(settings.estimator)
    train = TrainModel(settings, models, reference, tokenizer, scrubber, program)
    paths = Phases(context).each("models", train, len(models), ".ngrams", key=key)
    measure = MeasureBounds(paths, models, reference, tokenizer, context.corpus.seed)
    bounds = Phases(context).each("bounds", measure, len(models), ".json", key=key)
    found = {
        model: read_model(path, bound)
        for model, path, bound in zip(models, paths, bounds, strict=True)
        if path.stat().st_size
    }
    extractor = PerplexityExtractor(found, given, tokenizer, signals, sample, folds)
    rows = part_rows(context, Phases(context).extract("perplexity", extractor, key=key), extractor.schema)
    for path in paths:
        drop_page_cache(path)  # all documents are judged
    return rows, found


def _given_perplexity(
    context: StepContext, settings: PerplexitySettings, sample: Sample, key: Sequence[Any]
) -> GivenPerplexity:
    models = {
        str(language): GivenModel(
            context.resolve(model.model),
            None if model.tokenizer is None else context.resolve(model.tokenizer),
            model.normalize == "ccnet",
        )
        for language, model in sorted(settings.models.items())
    }
    measure = MeasureGivenBounds(list(models.items()), context.tasks(), sample, PERCENTILES)
    bounds = Phases(context).each("given_bounds", measure, len(models), ".json", key=key) if models else []
    return GivenPerplexity(models, dict(zip(models, bounds, strict=True)))


def measure_classifier(
    context: StepContext, settings: ClassifierSettings, signals: PartRows, key: Sequence[Any]
) -> tuple[PartRows, list[Path]]:
    """The score of each document, and the models that were trained. ``key``: see ``measure_perplexity``."""
    if settings.model is not None:
        path = context.resolve(settings.model)
        given = GivenClassifierExtractor(path, settings.label, settings.languages)
        written = Phases(context).extract("scores", given, key=[*key, settings.model_dump(), sha256(path)])
        return part_rows(context, written, given.schema), []
    classes, taken = _classes(context, settings)
    folds = Folds.by(settings)
    models = list(itertools.product(taken, range(folds.models)))
    seed = context.corpus.seed
    key = [*key, settings.model_dump(), seed, sorted(references(context.corpus)), hashes(context)]
    train = TrainClassifier(models, context.tasks(), signals, classes, folds, seed)
    paths = Phases(context).each("classifiers", train, len(models), ".bin", key=key)
    found = {model: path for model, path in zip(models, paths, strict=True) if path.stat().st_size}
    extractor = ClassifierExtractor(found, signals, classes, folds)
    rows = Phases(context).extract("scores", extractor, key=key)
    return part_rows(context, rows, extractor.schema), list(found.values())


def _classes(context: StepContext, settings: ClassifierSettings) -> tuple[Classes, list[str]]:
    """The two samples, and the languages that have both."""
    sources = references(context.corpus)
    others = frozenset(source.name for source in context.corpus.sources) - sources
    good, raw = (known(language_documents(context.inputs, chosen)) for chosen in (sources, others))
    taken = {
        language: min(settings.documents, good[language], raw[language])
        for language in good
        if language in raw and language in settings.languages
    }
    reference, rest = (
        Sample({name: taken[name] / size[name] for name in taken}, of)
        for size, of in ((good, sources), (raw, others))
    )
    return Classes(reference, rest), list(taken)


def known(counts: dict[str, int]) -> dict[str, int]:
    """The counts of languages that we have."""
    return {language: count for language, count in counts.items() if language in LANGUAGES}


def references(corpus: CorpusManifest) -> frozenset[str]:
    """Names of the reference sources."""
    return frozenset(source.name for source in corpus.sources if source.reference)


def hashes(context: StepContext) -> list[str]:
    """SHA-256 of each input part."""
    return [part.kept.sha256 for part in context.inputs]


def part_rows(context: StepContext, paths: Sequence[Path], wanted: pa.Schema) -> PartRows:
    """Files of rows with these columns, one for each input part."""
    return PartRows({part.index: path for part, path in zip(context.inputs, paths, strict=True)}, wanted)
