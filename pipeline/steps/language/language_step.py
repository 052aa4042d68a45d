"""The language step: names every document's language and script, and checks that sources of kind code are
code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.files import sha256
from manifests.schema.base import ManifestError
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import IDENTIFIED
from manifests.schema.language import LanguageSettings
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.context import StepContext
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.runtime.transform import Transform
from pipeline.steps.language import program_text, traditional_to_simplified
from pipeline.steps.language.language_id import UNDETERMINED, Identifier
from pipeline.text.arrow.text_hashes import hashes
from pipeline.text.unicode.script import SIMPLIFIED, TRADITIONAL

# Wu and Cantonese are written in Chinese characters, and lid.176 has labels of their own for them.
_CHINESE = pa.array(["zh", "wuu", "yue"])
_NULL = pa.scalar(None, pa.string())


class IdentifyLanguage(Transform):
    """Adds language, language_score and script; rejects what is neither English, Chinese nor code. With
    ``to_simplified``, Traditional
    Chinese becomes Simplified, with a new hash, and ``meta`` says so. Metrics: simplified, the documents that
    were converted."""

    schema = IDENTIFIED

    def __init__(self, model: Path, settings: LanguageSettings, code_sources: tuple[str, ...]) -> None:
        self._model = model
        self._settings = settings
        self._code_sources = code_sources

    def setup(self) -> None:
        self._identifier = Identifier(self._model, self._settings.sample_bytes, self._settings.sure)
        self._simplifier = traditional_to_simplified.Simplifier() if self._settings.to_simplified else None

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        code = np.asarray(pc.is_in(batch.column("source"), pa.array(self._code_sources, pa.string())))
        labels, scores, scripts = self._identify(batch.column("text"), code)
        language = pc.if_else(pc.is_in(labels, _CHINESE), "zh", labels)
        reason, detail = self._judge(language, labels, scores)
        if code.any():
            unfit, marks = program_text.unfit(batch.column("text"), code)
            reason, detail = pc.if_else(unfit, "not_code", reason), pc.if_else(unfit, marks, detail)
        kept = pc.is_null(reason)
        columns = dict(zip(batch.schema.names, batch.columns, strict=True)) | {
            "language": pc.if_else(kept, language, _NULL),
            "language_score": pa.array(scores, pa.float32()),
            "script": pc.if_else(pc.equal(language, "zh"), scripts, _NULL),
        }
        metrics = self._simplify(
            columns, pc.fill_null(pc.and_(kept, pc.equal(columns["script"], "Hant")), False)
        )
        return decide("language", pa.RecordBatch.from_pydict(columns), reason, detail, metrics)

    def _identify(self, texts: pa.Array, code: np.ndarray) -> tuple[pa.Array, np.ndarray, pa.Array]:
        """Labels, scores and scripts; program text is ``code`` with score 1, and is not looked at."""
        others = pa.array(~code)
        scores = np.ones(len(texts), np.float32)
        labels, scores[~code], counts = self._identifier.identify(texts.filter(others))
        return (
            pc.replace_with_mask(pa.repeat("code", len(texts)), others, labels),
            scores,
            pc.replace_with_mask(pa.nulls(len(texts), pa.string()), others, _script(counts)),
        )

    def _judge(self, language: pa.Array, labels: pa.Array, scores: np.ndarray) -> tuple[pa.Array, pa.Array]:
        wanted = pc.is_in(language, pa.array(["en", "zh", "code", UNDETERMINED]))
        unsure = pc.or_(pa.array(scores < self._settings.min_score), pc.equal(language, UNDETERMINED))
        reason = pc.if_else(pc.invert(wanted), "language", pc.if_else(unsure, "language_unsure", _NULL))
        rounded = pc.cast(pc.round(pa.array(scores.astype(np.float64)), ndigits=2), pa.string())
        return reason, pc.binary_join_element_wise(labels, rounded, " ")

    def _simplify(self, columns: dict[str, pa.Array], traditional: pa.BooleanArray) -> dict[str, int]:
        number = pc.sum(traditional).as_py() or 0
        if self._simplifier is None or not number:
            return {}
        texts = self._simplifier.convert(columns["text"].filter(traditional))
        replaced = {
            "text": texts,
            "hash": hashes(texts),
            "meta": traditional_to_simplified.with_original_script(columns["meta"].filter(traditional)),
            "script": pa.repeat("Hans", number),
        }
        columns |= {
            name: pc.replace_with_mask(columns[name], traditional, values)
            for name, values in replaced.items()
        }
        return {"simplified": number}


def _script(counts: np.ndarray) -> pa.StringArray:
    """Hans or Hant [texts] by the greater count; null where a text holds no character that tells."""
    simplified, traditional = counts[:, SIMPLIFIED], counts[:, TRADITIONAL]
    names = pa.array(np.where(simplified > traditional, "Hans", "Hant"), pa.string())
    return pc.if_else(pa.array(simplified != traditional), names, _NULL)


class LanguageStep(Step):
    """Reasons: language, for what is neither English, Chinese nor code; language_unsure, for a score below
    ``min_score``, and for what could be anything (``und``), as a few names and numbers can; not_code, for
    what its source calls code and does not look like it. The detail has the label found and its score."""

    name = "language"
    version = 5

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        settings = {
            "language": corpus.language.model_dump(mode="json", exclude={"model"}),
            "code_sources": list(_code_sources(corpus)),
        }
        return settings | (
            {"opencc": traditional_to_simplified.VERSION} if corpus.language.to_simplified else {}
        )

    def inputs(self, context: StepContext) -> dict[str, str]:
        return {"model": sha256(_model(context))}

    def run(self, context: StepContext) -> StepResult:
        corpus = context.corpus
        return StepResult(
            Phases(context).map(IdentifyLanguage(_model(context), corpus.language, _code_sources(corpus)))
        )


def _code_sources(corpus: CorpusManifest) -> tuple[str, ...]:
    return tuple(source.name for source in corpus.sources if source.kind == "code")


def _model(context: StepContext) -> Path:
    path = context.resolve(context.corpus.language.model)
    if not path.exists():
        raise ManifestError(
            f"language.model: {path} does not exist; run `openba setup`, or name another lid.176 model"
        )
    return path
