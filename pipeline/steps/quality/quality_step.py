"""The quality step: models, signals and tokens, perplexity, classifier, then the rules. A phase is redone
only if what it reads changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from manifests.files import digest, sha256
from manifests.plugins import Plugin
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import LANGUAGES, MEASURED, PART_SHIFT, with_signals
from manifests.schema.plugins import SIGNALS_GROUP, SignalPlugin
from manifests.schema.rules import Rule
from manifests.schema.signals import MODEL_SIGNALS
from pipeline.models.perplexity import lmplz
from pipeline.models.training_sample import Sample, balanced, language_bytes
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.context import StepContext
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.runtime.transform import Transform
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.quality.extractors import LanguageModel, SignalExtractor
from pipeline.steps.quality.model_phases import (
    given_files,
    hashes,
    known,
    measure_classifier,
    measure_perplexity,
    part_rows,
    references,
)
from pipeline.steps.quality.rules import judge
from pipeline.steps.quality.signal_histograms import histograms
from pipeline.steps.quality.train_models import (
    CopyFile,
    TrainTokenizer,
)
from pipeline.steps.quality.user_signals import UserSignal

BUCKET_NAMES = ("head", "middle", "tail")


class QualityStep(Step):
    """See the module. ``signals/``, ``perplexity/`` and ``scores/`` hold one row for each input document.

    Artifacts: ``tokenizer``, trained or given, and ``signals``, a file of signals and tokens for each part.
    """

    name = "quality"
    version = 9

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        settings = corpus.quality.model_dump(mode="json")
        settings["rules"] = [rule.model_dump(mode="json") for rule in corpus.quality.judged]
        return settings | {"references": sorted(references(corpus)), "seed": corpus.seed}

    def inputs(self, context: StepContext) -> dict[str, str]:
        """Given models; signals of the user's own; and lmplz, whose model is not to the last digit that of
        the built-in estimator."""
        settings = context.corpus.quality
        found = {f"signals/{name}": plugin.fingerprint for name, plugin in _user_signals(context).items()}
        found |= given_files(context)
        found |= {"privacy": digest(Scrubber.of(context).with_placeholders().identity())}
        program = lmplz.find(settings.perplexity.estimator) if settings.perplexity else None
        return found if program is None else found | {lmplz.PROGRAM: sha256(program)}

    def run(self, context: StepContext) -> StepResult:
        quality = context.corpus.quality
        tokenizer = self._tokenizer(context)
        key = [self.version, sha256(tokenizer)]
        written = Phases(context).extract("signals", SignalExtractor(tokenizer), key=key)
        signals = part_rows(context, written, SignalExtractor.schema)
        found, metrics = [signals, *self._own_signals(context)], {}
        files = [describe(path, context.folder, 0) for path in (tokenizer, *written)]
        artifacts = {"tokenizer": files[:1], "signals": files[1:]}
        if quality.perplexity is not None:
            decides = [*key, given_files(context), self.inputs(context).get(lmplz.PROGRAM)]
            rows, models = measure_perplexity(context, quality.perplexity, signals, tokenizer, decides)
            found.append(rows)
            files += [entry.file for entry in models.values()]
            metrics = _bounds(models)
        if quality.classifier is not None:
            rows, paths = measure_classifier(context, quality.classifier, signals, key)
            found.append(rows)
            files += [describe(path, context.folder, 0) for path in paths]
        parts = Phases(context).map(ApplyRules(quality.judged, found, quality.signals))
        return StepResult(parts, metrics, files, artifacts)

    @staticmethod
    def _own_signals(context: StepContext) -> list[PartRows]:
        return [
            part_rows(
                context,
                Phases(context).extract(
                    f"user_signals/{name}", UserSignal(name, plugin), key=plugin.fingerprint
                ),
                UserSignal(name, plugin).schema,
            )
            for name, plugin in _user_signals(context).items()
        ]

    def _tokenizer(self, context: StepContext) -> Path:
        settings = context.corpus.quality.tokenizer
        work: CopyFile | TrainTokenizer
        key: Any
        if settings.model is not None:
            work, key = CopyFile(context.resolve(settings.model)), self.inputs(context)["tokenizer.model"]
        else:
            sources = frozenset(source.name for source in context.corpus.sources)
            available = known(language_bytes(context.inputs, sources))
            sample = Sample(balanced(available, settings.sample_bytes), sources)
            seed, scrubber = context.corpus.seed, Scrubber.of(context).with_placeholders()
            work = TrainTokenizer(settings, seed, context.tasks(), sample, scrubber)
            key = [self.version, settings.model_dump(), seed, hashes(context), scrubber.identity()]
        return Phases(context).each("tokenizer", work, 1, ".model", key=key)[0]


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
        sources = batch.column("source").to_numpy(zero_copy_only=False)
        reason, detail, broken = judge(signals, languages, sources, self._rules)
        struct = pa.StructArray.from_arrays([found[field.name] for field in fields], fields=fields)
        tokens_at = pa.array((where.part << PART_SHIFT) + where.row + np.arange(batch.num_rows))
        whole = batch.append_column("signals", struct).append_column("tokens_at", tokens_at)
        whole = whole.append_column("broken_rules", broken)
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


def _user_signals(context: StepContext) -> dict[str, Plugin]:
    signals = context.corpus.quality.signals
    return {signal.name: context.plugin(signal.use, SIGNALS_GROUP) for signal in signals}
