"""The steps of the corpus, run from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from manifests.errors import UserError
from manifests.run_folder import check_reachable, run_folder
from manifests.step_order import steps_of

if TYPE_CHECKING:
    from pipeline.runtime.run import StepOutcome


def run_steps(
    corpus: str | Path,
    run: str | Path,
    steps: Sequence[str] | None = None,
    engine: str = "local",
    workers: int = 2,
    each: Callable[[str, StepOutcome], None] | None = None,
    runner_options: Sequence[str] = (),
) -> list[StepOutcome]:
    """Brings steps of a run up to date, in the order given; what is up to date already is left alone.

    Args:
        corpus: the corpus manifest.
        run: the run folder, or its URL; it is made where there is none.
        steps: their names; by default all, the manifest's own steps among them.
        engine: ``local``, ``ray``, or the name of a Beam runner.
        workers: CPUs of a Ray that is started here.
        each: called with a step's name and outcome as soon as it ends.
        runner_options: ``KEY=VALUE`` of the Beam runner.

    Raises:
        ManifestError: the corpus manifest is not valid.
        PipelineError: a step cannot go on.
        UserError: there is no such step, runner or option of it, or another command works in the run folder.
        Stopped: a signal came.
    """
    from pipeline.runtime.worker_start import start_worker

    start_worker()  # before Beam and the kernels are loaded
    from pipeline.runtime.engines.open_engine import open_engine
    from pipeline.runtime.run import CorpusRun
    from pipeline.steps.registry import step_named

    outcomes = []
    folder = run_folder(run)
    check_reachable(folder, engine)
    with closing(open_engine(engine, workers, runner_options, folder)) as opened:
        corpus_run = CorpusRun(Path(corpus), folder, opened)
        known = steps_of(corpus_run.corpus)
        names = known if steps is None else tuple(steps)
        unknown = [name for name in names if name not in known]
        if unknown:
            raise UserError(f"{unknown[0]!r} is not a step", fix=f"name some of {', '.join(known)}")
        with corpus_run.held(f"openba {names[0] if len(names) == 1 else 'corpus'}"):
            for name in names:
                outcomes.append(corpus_run.step(step_named(name, corpus_run.corpus)))
                if each is not None:
                    each(name, outcomes[-1])
    return outcomes
