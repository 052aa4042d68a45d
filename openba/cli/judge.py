"""Are the rules right? What they drop of trusted text and catch of junk, and better thresholds."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

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


class Method(StrEnum):
    """How thresholds are found."""

    quantile = "quantile"
    deviation = "deviation"
    tenth = "tenth"


PANEL = "Corpus"

app = typer.Typer()


@app.command(
    "quality-report",
    rich_help_panel=PANEL,
    epilog=examples("openba quality-report --corpus corpus.yaml --run runs/mine"),
)
def quality_report_command(
    corpus: Corpus,
    run: Run,
    engine: Engine = "local",
    workers: Workers = 2,
    runner_option: RunnerOptions = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Judge the rules: what each drops of the reference sources, and catches of junk that is made here."""
    set_verbosity(verbose, quiet)
    from openba.judging import quality_report

    report = quality_report(corpus, run, engine, workers, runner_option or ())
    if as_json:
        say(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        _print(report)


def _print(report: dict[str, Any]) -> None:
    from rich.console import Console

    from openba.cli.judge_tables import tables, warnings

    console = Console()
    for table in tables(report):
        console.print(table)
    for line in warnings(report):
        say(line)


@app.command(
    "calibrate",
    rich_help_panel=PANEL,
    epilog=examples(
        "openba calibrate --corpus corpus.yaml --run runs/mine",
        "openba calibrate --corpus corpus.yaml --run runs/mine --loss .01 --method deviation",
    ),
)
def calibrate_command(
    corpus: Corpus,
    run: Run,
    loss: Annotated[
        float,
        typer.Option(
            "--loss", min=0, max=1, help="Share of each language's trusted documents that may be lost."
        ),
    ] = 0.02,
    method: Annotated[
        Method,
        typer.Option(
            "--method",
            help="By quantile; by deviation from the mean; or the tenth percentile, whatever the loss.",
        ),
    ] = Method.quantile,
    engine: Engine = "local",
    workers: Workers = 2,
    runner_option: RunnerOptions = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Propose thresholds from the reference sources' own statistics, as rules to paste into the manifest."""
    set_verbosity(verbose, quiet)
    from openba.cli.judge_tables import rules_yaml
    from openba.judging import calibrate

    found = calibrate(corpus, run, loss, method.value, engine, workers, runner_option or ())
    wanted = "the tenth percentile" if method is Method.tenth else f"{method.value}, loss {loss:g}"
    say(rules_yaml(found, f"{wanted}, of the trusted sources of {corpus}"))
