"""Measures a checkpoint: on the held-out sets, or on benchmarks of the field."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from manifests.errors import UserError
from manifests.output import say
from openba.cli.benchmark_table import lines_of
from openba.cli.options import (
    Average,
    Curriculum,
    InferenceDtype,
    Json,
    Quiet,
    Run,
    Step,
    Verbose,
    examples,
    set_verbosity,
)
from openba.cli.train import ARGUMENTS, PANEL, opened

app = typer.Typer()

BENCHMARK_OPTIONS = ("data", "shots", "limit", "run_programs")


@app.command(
    "evaluate",
    rich_help_panel=PANEL,
    epilog=examples(
        f"openba evaluate {ARGUMENTS} --json",
        f"openba evaluate {ARGUMENTS} --tasks belebele,cmmlu --data benchmarks",
    ),
)
def evaluate_command(
    context: typer.Context,
    curriculum: Curriculum,
    run: Run,
    step: Step = "last",
    average: Average = False,
    dtype: InferenceDtype = None,
    tasks: Annotated[
        str,
        typer.Option("--tasks", metavar="NAME,...|all", help="Benchmarks, in place of the held-out losses."),
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FOLDER", help="The benchmarks' items; `openba benchmark` makes it."),
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option("--shots", min=0, help="Examples before each question. [default: as the paper has]"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Items of each part, at most. [default: all]")
    ] = None,
    run_programs: Annotated[
        bool,
        typer.Option("--run-programs", help="Let humaneval run what the model writes, in a sandbox."),
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Print a checkpoint's losses on the held-out sets, in nats per token, by stage; or its scores on
    benchmarks."""
    set_verbosity(verbose, quiet)
    training = opened(curriculum, run)
    if not tasks:
        _check_needless(context)
        from trainer.inference import evaluate_checkpoint

        losses = evaluate_checkpoint(training, step, dtype, average=average)
        _say_losses(losses, as_json=as_json)
        return
    if data is None:
        raise UserError("--tasks needs --data", fix="name the folder of the benchmarks' items")
    check_harness()
    from trainer.evaluation.harness.benchmark_run import Asked  # the harness takes seconds
    from trainer.evaluation.harness.benchmarks import named
    from trainer.evaluation.harness.checkpoint_scores import score_checkpoint

    asked = Asked(named(tasks), data, shots, limit, run_programs)
    scores = score_checkpoint(training, asked, step, dtype, average=average)
    say(scores.model_dump_json(indent=1) if as_json else "\n".join(lines_of(scores)))


def check_harness() -> None:
    """Checks that the harness is installed.

    Raises:
        UserError: it is not.
    """
    if find_spec("lm_eval") is None or find_spec("sacrebleu") is None:
        raise UserError("benchmarks need lm-evaluation-harness", fix="pip install 'openba[eval]'")


def _check_needless(context: typer.Context) -> None:
    for name in BENCHMARK_OPTIONS:
        if context.params[name] not in (None, False):
            raise UserError(f"--{name.replace('_', '-')} is of benchmarks", fix="name them with --tasks")


def _say_losses(losses: dict[str, dict[str, float]], *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(losses, indent=1))
        return
    for stage, by_set in losses.items():
        say(f"{stage:<12} {'  '.join(f'{name} {loss:.4f}' for name, loss in by_set.items())}")
