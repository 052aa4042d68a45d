"""Judging a corpus's rules, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manifests.run_folder import run_folder
from openba.steps import run_steps
from pipeline.judge import quality_report as judge
from pipeline.judge.calibration import Calibration, calibrated
from pipeline.runtime.engines.open_engine import open_engine

if TYPE_CHECKING:
    from pipeline.judge.thresholds import Method

BEFORE = ("ingest", "language")


def quality_report(
    corpus: str | Path,
    run: str | Path,
    engine: str = "local",
    workers: int = 2,
    runner_options: Sequence[str] = (),
) -> dict[str, Any]:
    """What each rule of a corpus drops of its trusted sources and catches of the project's own junk; written
    to ``quality-report.json`` in the run folder, too.

    The steps ingest and language are brought up to date first. See ``pipeline.judge.quality_report`` for what
    is returned.

    Raises:
        ManifestError: the corpus manifest is not valid, or trusts no source.
        PipelineError: a step cannot go on.
        UserError: another command works in the run folder.
    """
    run_steps(corpus, run, BEFORE, engine, workers, runner_options=runner_options)
    folder = run_folder(run)
    with closing(open_engine(engine, workers, runner_options, folder)) as opened:
        return judge.quality_report(Path(corpus), folder, opened)


def calibrate(
    corpus: str | Path,
    run: str | Path,
    loss: float = 0.02,
    method: Method = "quantile",
    engine: str = "local",
    workers: int = 2,
    runner_options: Sequence[str] = (),
) -> Calibration:
    """Thresholds for the rules of a corpus at which its trusted sources lose at most ``loss`` of each
    language, all rules together.

    Raises:
        as ``quality_report``.
    """
    run_steps(corpus, run, BEFORE, engine, workers, runner_options=runner_options)
    folder = run_folder(run)
    with closing(open_engine(engine, workers, runner_options, folder)) as opened:
        tried = judge.trial(Path(corpus), folder, opened)
    return calibrated(tried.documents, tried.corpus.quality.judged, tried.trusted, loss, method)
