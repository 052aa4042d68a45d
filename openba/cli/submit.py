"""A command on a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from manifests.output import complain, say
from manifests.stop_signals import Stopped, StopSignal, stops_at_once
from openba.cli.cluster import PANEL
from openba.cli.options import examples

if TYPE_CHECKING:
    from openba.cluster.jobs import Jobs

app = typer.Typer()


@app.command(
    "submit",
    rich_help_panel=PANEL,
    epilog=examples(
        "openba submit --address http://head:8265 -- corpus --corpus corpus.yaml --run runs/mine",
        "openba submit --attach corpus-1a2b3c4d",
        "openba submit --stop corpus-1a2b3c4d",
    ),
)
def submit_command(
    context: typer.Context,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- COMMAND ...", help="What to run, such as corpus or train."),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            envvar="RAY_API_SERVER_ADDRESS",
            metavar="URL",
            help="The cluster's dashboard. [default: that of `openba cluster up`]",
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option("--python", help="The environment's Python on the cluster. [default: this one's path]"),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Where the command runs on the cluster. [default: this folder's path]"),
    ] = None,
    attach: Annotated[str | None, typer.Option("--attach", metavar="ID", help="Follow a job again.")] = None,
    stop: Annotated[str | None, typer.Option("--stop", metavar="ID", help="Ask a job to end.")] = None,
) -> None:
    """Run a command on a Ray cluster, with the code that is here, and follow it.

    First every node says which Ray, Python and code it has, and whether it sees the run folder and the
    manifests. Ctrl-C lets the job go on by itself. The exit code is the command's.
    """
    if sum((bool(arguments), attach is not None, stop is not None)) != 1:
        raise typer.BadParameter("give one of: a command behind --, --attach, --stop")
    from openba.cluster.arguments import on_ray

    commands = context.find_root().command
    assert isinstance(commands, typer.core.TyperGroup)
    line = on_ray(arguments, commands) if arguments else []
    jobs = _jobs(address)
    if stop is not None:
        jobs.stop(stop)
        say(f"{stop}: asked to end")
        return
    job = attach or jobs.submit(line, python, folder or Path.cwd())
    raise typer.Exit(_followed(jobs, job))


def _jobs(address: str | None) -> Jobs:
    from openba.cluster.dashboard import token
    from openba.cluster.jobs import Jobs
    from openba.cluster.local_head import local_head

    head = local_head() if address is None else None
    if head is not None:
        return Jobs(head.address, head.token)
    return Jobs(address or "http://127.0.0.1:8265", token())


def _followed(jobs: Jobs, job: str) -> int:
    from openba.cluster.follow import follow

    complain(f"{job} on {jobs.address} (Ray {jobs.ray_version})")
    try:
        with stops_at_once():
            return follow(jobs, job)
    except StopSignal as signalled:
        raise Stopped(
            "no longer followed; it goes on",
            where=job,
            fix=f"`openba submit --attach {job}` follows it again, `openba submit --stop {job}` ends it",
            number=signalled.number,
        ) from None
