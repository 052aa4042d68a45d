"""The report on a corpus's rules: its trusted sources and the project's junk on trial."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.files import write_json
from manifests.schema.base import ManifestError, load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import StepManifest
from manifests.trusted_loss import QUALITY_REPORT
from pipeline.judge.judgement import judged
from pipeline.judge.junk_sources import junk_collections
from pipeline.judge.measured_documents import MeasuredDocuments, measured_documents
from pipeline.judge.signal_power import signal_power
from pipeline.judge.trial_run import run_trial
from pipeline.judge.trusted_text import trusted_text
from pipeline.runtime.engines.engine import Engine
from pipeline.steps.privacy.shown_texts import shown_of

FOLDER = "trial"
JUNK = 200
"""Documents of each kind of junk in each language."""


@dataclass(frozen=True)
class Trial:
    """Trusted documents and junk, measured; the names of the trusted sources; the manifest of the trial."""

    documents: MeasuredDocuments
    trusted: tuple[str, ...]
    corpus: CorpusManifest


def trial(corpus_file: Path, run: Path, engine: Engine) -> Trial:
    """Puts the trusted text of a run and junk made of it on trial, in the run folder's ``trial/``.

    Raises:
        ManifestError: the corpus manifest is not valid, or trusts no source.
        PipelineError: a step cannot go on.
        UserError: another command works in the folder.
    """
    corpus = load(corpus_file, CorpusManifest)
    trusted = trusted_text(run, corpus)
    collections = trusted.collections | junk_collections(trusted.texts, JUNK, corpus.seed)
    tried = run_trial(corpus_file, collections, run / FOLDER, engine, _tokenizer(run))
    return Trial(measured_documents(run / FOLDER, tried), tuple(trusted.collections), tried)


def quality_report(corpus_file: Path, run: Path, engine: Engine) -> dict[str, Any]:
    """The judgement (see ``judged``), and what each signal could do (``signals``, see ``signal_power``),
    written to the run folder's ``quality-report.json``.

    Raises:
        as ``trial``.
    """
    tried = trial(corpus_file, run, engine)
    report = judged(tried.documents, tried.corpus.quality.judged, tried.trusted, shown_of(run))
    report["signals"] = signal_power(tried.documents, tried.trusted)
    write_json(run / QUALITY_REPORT, report)
    return report


def _tokenizer(run: Path) -> Path | None:
    """The run's, if its quality step is done."""
    try:
        (path,) = load(run / "quality" / "manifest.json", StepManifest).artifacts["tokenizer"]
    except (ManifestError, KeyError):
        return None
    return (run / "quality" / path).resolve()
