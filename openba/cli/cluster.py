"""A Ray cluster on this machine, for trial."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from manifests.output import say
from openba.cli.options import examples
from openba.cluster.local_head import LocalHead, local_head, start, stop, token_file

PANEL = "Cluster"

app = typer.Typer()


@app.command(
    "cluster",
    rich_help_panel=PANEL,
    epilog=examples("openba cluster up --workers 8", "openba cluster status", "openba cluster down"),
)
def cluster_command(
    action: Annotated[Literal["up", "down", "status"], typer.Argument(help="What to do.")],
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="CPUs of its one node. [default: all]")
    ] = None,
) -> None:
    """Start, end or show a Ray head on this machine, to try `openba submit` with.

    It has ports, a token and a folder of its own, and answers this machine only. What is ended is what was
    started here, never another cluster. Its jobs end with it.
    """
    if action == "up":
        _show(start(workers or len(os.sched_getaffinity(0))))
    elif action == "down":
        say("the local cluster has ended" if stop() else "no local cluster runs")
    else:
        head = local_head()
        if head is None:
            say("no local cluster runs")
            raise typer.Exit(1)
        _show(head)


def _show(head: LocalHead) -> None:
    say(f"{head.address}: {head.processes} processes, in {head.folder}")
    say("`openba submit -- corpus ...` goes there; other programs reach it with")
    say(f"  RAY_ADDRESS=127.0.0.1:{head.port} RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH={token_file()}")
