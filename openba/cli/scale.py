"""A corpus before machines are booked: what a smaller one took, and what a larger one will."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manifests.errors import UserError
from manifests.output import say
from openba.cli.options import Corpus, Json, Quiet, Run, Verbose, examples, set_verbosity

if TYPE_CHECKING:
    from manifests.schema.fleet import Fleet

PANEL = "Corpus"
app = typer.Typer()


def token_count(text: str) -> int:
    """Tokens: ``400 B``.

    Raises:
        BadParameter: it is none of the kind.
    """
    from manifests.schema.base import parse_tokens

    try:
        found = int(str(parse_tokens(text)))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if found < 1:
        raise typer.BadParameter(f"{text!r} is no number of tokens; write for example 400 B")
    return found


@app.command(
    "measure",
    rich_help_panel=PANEL,
    epilog=examples("openba measure --corpus corpus.yaml --run runs/measured"),
)
def measure_command(corpus: Corpus, run: Run, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Make a corpus in a new run folder, in this process, and note what each step took: CPU time of tasks and
    of the rest, memory, bytes, files, shuffles. For `openba scale`."""
    set_verbosity(verbose, quiet)
    from pipeline.runtime.worker_start import start_worker

    start_worker()
    from pipeline.scale.measure import NAME, measure
    from pipeline.setup.kernels import are_compiled

    if not are_compiled():
        raise UserError(
            "the text kernels are not compiled yet, which would be measured, too",
            fix="run `openba setup` first",
        )
    for step in measure(corpus, run).steps:
        say(
            f"{step.step:<14} {step.task_seconds:9.1f} s of CPU in tasks {step.driver_seconds:8.1f} s else "
            f"{step.peak_memory / 1e6:8.0f} MB"
        )
    say(str(run / NAME))


@app.command(
    "scale",
    rich_help_panel=PANEL,
    epilog=examples(
        "openba scale runs/small runs/large --tokens '400 B'",
        "openba scale runs/measured --tokens '400 B' --fleet nodes=200 --fleet memory='128 GB'",
    ),
)
def scale_command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER...",
            help="Runs of `openba measure`: one, or several of one corpus at several sizes, which tell what "
            "grows from what does not.",
        ),
    ],
    tokens: Annotated[
        Any, typer.Option("--tokens", metavar="N", parser=token_count, help="In the shards, such as '400 B'.")
    ],
    fleet: Annotated[
        list[str] | None,
        typer.Option(
            "--fleet",
            metavar="FILE|KEY=VALUE",
            help="A fleet manifest, or one of its keys, such as nodes=200; again for each key. "
            "[default: 64 nodes of 16 cores]",
        ),
    ] = None,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Where the page is written.")] = Path(
        "scale.html"
    ),
    as_json: Json = False,
) -> None:
    """Say what a corpus of a size takes on a fleet of nodes: core hours, memory, shuffles, requests, storage,
    time and cost by step, and what gives out first. Writes a page; nothing is run."""
    from manifests.os_errors import os_errors_explained
    from manifests.report.scale import scale_summary, write_scale
    from manifests.schema.base import load
    from manifests.schema.rates import Rates
    from pipeline.scale.estimate import scaled

    machines = _fleet(fleet or [])
    found = scaled(tokens, [load(run / "rates.json", Rates) for run in runs], machines)
    if as_json:
        say(found.model_dump_json(indent=1))
        return
    with os_errors_explained(to):
        path = write_scale(found, to)
    say("\n".join(f"{what}: {figures}" for what, figures in scale_summary(found)))
    say(str(path))


def _fleet(given: list[str]) -> Fleet:
    from manifests.schema.fleet import Fleet
    from openba.cli.keys import with_keys

    return with_keys(given, Fleet, "--fleet")
