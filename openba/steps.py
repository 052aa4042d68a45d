"""The steps of the corpus, run from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from manifests.errors import UserError
from manifests.schema.documents import STEPS
from pipeline.runtime.engines import open_engine
from pipeline.runtime.run import CorpusRun, StepOutcome
from pipeline.steps.registry import STEP_CLASSES


def run_steps(
    corpus: str | Path,
    run: str | Path,
    steps: Sequence[str] = STEPS,
    engine: str = "local",
    workers: int = 2,
    each: Callable[[str, StepOutcome], None] | None = None,
) -> list[StepOutcome]:
    """Brings steps of a run up to date, in the order given; what is up to date already is left alone.

    Args:
        corpus: the corpus manifest.
        run: the run folder; it is made where there is none.
        engine: ``local``, ``ray``, or the name of a Beam runner.
        workers: CPUs of a Ray that is started here.
        each: called with a step's name and outcome as soon as it ends.

    Raises:
        ManifestError: the corpus manifest is not valid.
        PipelineError: a step cannot go on.
        UserError: there is no such step, or another command works in the run folder.
        Stopped: a signal came.
    """
    unknown = [name for name in steps if name not in STEP_CLASSES]
    if unknown:
        raise UserError(f"{unknown[0]!r} is not a step", fix=f"name some of {', '.join(STEP_CLASSES)}")
    outcomes = []
    with closing(open_engine(engine, workers)) as opened:
        corpus_run = CorpusRun(Path(corpus), Path(run), opened)
        with corpus_run.held(f"openba {steps[0] if len(steps) == 1 else 'corpus'}"):
            for name in steps:
                outcomes.append(corpus_run.step(STEP_CLASSES[name]()))
                if each is not None:
                    each(name, outcomes[-1])
    return outcomes
