"""Documents of known worth go through the corpus's own steps, up to the quality step, in a folder of their
own.

So what is judged is what the steps do, with the manifest's rules, models and plug-ins, and nothing that was
made again for judging. A second trial repeats only what changed: with other thresholds, the decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson

from manifests.files import atomic_write
from manifests.personal_data import ALL, make_private
from manifests.schema.corpus import CorpusManifest
from manifests.schema.quality import PerplexitySettings, QualitySettings
from manifests.schema.sources import Source
from pipeline.judge.collection import Collection
from pipeline.judge.trusted_tokenizer import trusted_tokenizer
from pipeline.runtime.engines.engine import Engine
from pipeline.runtime.run import CorpusRun
from pipeline.steps.registry import step_named

STEPS = ("ingest", "language", "quality")


def run_trial(
    corpus_file: Path,
    collections: Mapping[str, Collection],
    folder: Path,
    engine: Engine,
    tokenizer: Path | None = None,
) -> CorpusManifest:
    """Puts collections, by source name, through the steps of a corpus manifest; returns the manifest that was
    run.

    Perplexity models are trained on the references among them, and none judges a document that it has seen. A
    classifier that tells references from other sources is not trained: the others are junk here.

    Args:
        tokenizer: the run's, where there is one; else it is the manifest's, or trained on the references.

    Raises:
        ManifestError: the corpus manifest is not valid.
        PipelineError: a step cannot go on.
        UserError: another command works in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    make_private(folder, (ALL,))
    run = CorpusRun(corpus_file, folder, engine)
    sources = [_written(name, one, folder.resolve() / "sources") for name, one in collections.items()]
    if tokenizer is None and run.corpus.quality.tokenizer.model is None:
        references = {name: one for name, one in collections.items() if one.reference}
        settings = run.corpus.quality.tokenizer
        tokenizer = trusted_tokenizer(references, settings, run.corpus.seed, folder)
    quality = _for_trial(run.corpus.quality, tokenizer)
    run.corpus = run.corpus.model_copy(update={"sources": tuple(sources), "quality": quality, "steps": ()})
    with run.held("openba quality-report"):
        for name in STEPS:
            run.step(step_named(name, run.corpus))
    make_private(folder, (ALL,))
    return run.corpus


def _written(name: str, collection: Collection, folder: Path) -> Source:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.jsonl"
    rows = (orjson.dumps({"id": id_, "text": text}) for id_, text in collection.documents.items())
    with atomic_write(path) as temporary:
        temporary.write_bytes(b"\n".join(rows) + b"\n")
    return Source(
        name=name, path=str(path), format="jsonl", reference=collection.reference, kind=collection.kind
    )


def _for_trial(quality: QualitySettings, tokenizer: Path | None) -> QualitySettings:
    changes: dict[str, object] = {}
    if quality.classifier is not None and quality.classifier.model_dump().get("model") is None:
        changes["classifier"] = None
    if isinstance(quality.perplexity, PerplexitySettings):
        changes["perplexity"] = quality.perplexity.model_copy(update={"reference": "crossfit"})
    if tokenizer is not None:
        changes["tokenizer"] = quality.tokenizer.model_copy(update={"model": str(tokenizer)})
    return quality.model_copy(update=changes)
