"""The steps of the corpus, and all of them in order."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from manifests.output import say
from openba.cli.options import (
    Corpus,
    Engine,
    Json,
    Quiet,
    Run,
    RunnerOptions,
    Verbose,
    Workers,
    examples,
    set_verbosity,
)

if TYPE_CHECKING:
    from pipeline.runtime.run import StepOutcome

STEPS = {
    "ingest": "Read the sources into documents: charset, Unicode repair, exact hash.",
    "language": "Keep English, Chinese (Hans/Hant) and code; reject the rest with the label that was found.",
    "quality": "Measure signals and perplexity, then apply the manifest's rules.",
    "dedup": "Exact, paragraph and near-duplicate removal (MinHash LSH, verified), repeated characters.",
    "privacy": "Replace, hash or remove 17 kinds of personal data and credentials, or drop the document.",
    "decontaminate": "Reject documents that share an n-gram with a benchmark item.",
    "shards": "Tokenise, plan the mix to the token budget, write token-balanced shards and BiFlan pairs.",
}

MOST_WARNINGS = 5
"""So many are printed; the report has all."""

app = typer.Typer()


def work(
    corpus: Path,
    run: Path,
    steps: Sequence[str] | None,
    engine: str,
    workers: int,
    *,
    runner_options: Sequence[str] = (),
    as_json: bool = False,
) -> None:
    """Runs steps (None: all of them), with a line on standard output for each as it ends."""
    # What is imported stays: to look through it again and again would be a twentieth of a small job.
    gc.disable()
    from pipeline.runtime.worker_start import start_worker

    start_worker()
    if engine == "local":
        _without_pandas()
    from manifests.malloc_settings import kept_memory
    from openba.steps import run_steps

    gc.enable()
    gc.freeze()
    with kept_memory():
        each = partial(_json_line if as_json else _line, run)
        run_steps(corpus, run, steps, engine, workers, each, runner_options)


def _without_pandas() -> None:
    import pyarrow as pa

    from pipeline.runtime.import_guard import hide_modules

    with hide_modules("pandas"):
        pa.array(())  # Arrow looks for it with the first array, once for all


def _line(run: Path, step: str, outcome: StepOutcome) -> None:
    given, kept = outcome.manifest.documents_in, outcome.manifest.documents_kept
    state = f"{outcome.seconds:7.1f} s" if outcome.worked else "  as it was"
    say(f"{step:<14} {given:>10,} in {kept:>10,} kept {given - kept:>9,} rejected {state}")
    warnings = _warnings(run, step, outcome)
    for warning in warnings[:MOST_WARNINGS]:
        say(f"  warning: {warning}")
    if len(warnings) > MOST_WARNINGS:
        say(f"  and {len(warnings) - MOST_WARNINGS} more: `openba report {run}` shows them")


def _warnings(run: Path, step: str, outcome: StepOutcome) -> list[str]:
    """The rules that drop too much of what the manifest trusts, after the step of the rules."""
    from manifests.trusted_loss import trusted_losses

    return [str(loss) for loss in trusted_losses(run / step, outcome.manifest)] if step == "quality" else []


def _json_line(run: Path, step: str, outcome: StepOutcome) -> None:
    given, kept = outcome.manifest.documents_in, outcome.manifest.documents_kept
    record = {
        "step": step,
        "documents_in": given,
        "documents_kept": kept,
        "documents_rejected": given - kept,
        "worked": outcome.worked,
        "seconds": round(outcome.seconds, 3),
        "warnings": _warnings(run, step, outcome),
    }
    say(json.dumps(record))


def _command(steps: Sequence[str] | None) -> Callable[..., None]:
    def command(
        corpus: Corpus,
        run: Run,
        engine: Engine = "local",
        workers: Workers = 2,
        runner_option: RunnerOptions = None,
        as_json: Json = False,
        verbose: Verbose = False,
        quiet: Quiet = False,
    ) -> None:
        set_verbosity(verbose, quiet)
        work(corpus, run, steps, engine, workers, runner_options=runner_option or (), as_json=as_json)

    return command


def _add(name: str, text: str, steps: Sequence[str] | None) -> None:
    example = f"openba {name} --corpus corpus.yaml --run runs/mine"
    app.command(
        name,
        help=text,
        epilog=examples(example, f"{example} --engine ray --workers 8"),
        rich_help_panel="Corpus",
    )(_command(steps))


_add("corpus", "All steps, in order; what is up to date is left as it was.", None)
for _name, _text in STEPS.items():
    _add(_name, _text, (_name,))
