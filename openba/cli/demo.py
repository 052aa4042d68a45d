"""Everything at once, on real text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openba.cli import corpus, manifests, train
from openba.cli.options import (
    Engine,
    Quiet,
    RunnerOptions,
    Verbose,
    Workers,
    examples,
    set_verbosity,
    training_folder,
)
from openba.cli.setup import PANEL, set_up

app = typer.Typer()


@app.command(
    "demo", rich_help_panel=PANEL, epilog=examples("openba demo --quick", "openba demo --run runs/demo")
)
def demo_command(
    quick: Annotated[bool, typer.Option("--quick", help="At 1 : 1,000,000, in about a minute.")] = False,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            metavar="FOLDER",
            parser=training_folder,
            help="The run folder (default runs/demo or runs/demo-quick).",
        ),
    ] = None,
    engine: Engine = "local",
    workers: Workers = 2,
    runner_option: RunnerOptions = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """OpenBA at 1 : 100,000: set-up, corpus, three training stages, report."""
    set_verbosity(verbose, quiet)
    name = "demo-quick" if quick else "demo"
    folder = run or Path("runs") / name
    assets = set_up()
    from pipeline.setup.presets import preset

    corpus_file, curriculum_file = preset(name, folder, assets)
    if manifests.check_command([corpus_file, curriculum_file]):
        return
    corpus.work(corpus_file, folder, None, engine, workers, runner_options=runner_option or ())
    train.work(curriculum_file, folder, quiet=quiet)
    manifests.report(folder)
