"""A training before it is started: what it will take, and what looks wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manifests.output import say
from openba.cli.options import Curriculum, Json, examples, run_folder

if TYPE_CHECKING:
    from manifests.schema.cluster import Cluster

app = typer.Typer()


def pair_tokens(text: str) -> tuple[int, int]:
    """Tokens of a prompt and of its answer: ``200:70``.

    Raises:
        BadParameter: it is none of the kind.
    """
    prompt, _, target = text.partition(":")
    if not (prompt.isdecimal() and target.isdecimal() and int(prompt) and int(target)):
        raise typer.BadParameter(f"{text!r} is no two numbers; write for example 200:70")
    return int(prompt), int(target)


@app.command(
    "plan",
    rich_help_panel="Training",
    epilog=examples(
        "openba plan --curriculum curriculum.yaml --run runs/mine",
        "openba plan --curriculum curriculum.yaml --corpus corpus.yaml --cluster gpus=64 --cluster mfu=.45",
        "openba plan --curriculum curriculum.yaml --cluster cluster.yaml --json",
    ),
)
def plan_command(
    curriculum: Curriculum,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus",
            metavar="FILE",
            help="The corpus manifest: its budget is what the sets hold where there is no run yet; with "
            "--run, its sources' max_epochs are watched. Without both, sets are taken to hold what the "
            "stages read.",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="FOLDER", parser=run_folder, help="A run whose shards are there."),
    ] = None,
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            "--cluster",
            metavar="FILE|KEY=VALUE",
            help="A cluster manifest, or one of its keys, such as gpus=64 or memory='80 GB'; again for "
            "each key. [default: a host of eight H100]",
        ),
    ] = None,
    pairs: Annotated[
        Any,
        typer.Option(
            "--pair-tokens",
            metavar="PROMPT:TARGET",
            parser=pair_tokens,
            help="Tokens of a prompt and of its answer, on average, before there is a run. [default: 200:70]",
        ),
    ] = None,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Where the page is written.")] = Path(
        "plan.html"
    ),
    as_json: Json = False,
) -> None:
    """Plan a training before a GPU is booked: steps and tokens, operations, memory, idle and network time,
    days and cost, with the assumptions beside them, and what looks wrong. Writes a page; nothing is
    trained."""
    from curriculum.plan.assumed_pairs import MEANS
    from manifests.os_errors import os_errors_explained
    from manifests.report.plan import plan_summary, write_plan
    from openba.plan import plan_training

    found = plan_training(
        curriculum, corpus=corpus, run=run, cluster=_cluster(cluster or []), pair_tokens=pairs or MEANS
    )
    if as_json:
        say(found.model_dump_json(indent=1))
        return
    with os_errors_explained(to):
        path = write_plan(found, to)
    say("\n".join(f"{what}: {figures}" for what, figures in plan_summary(found)))
    for warning in found.warnings:
        say(f"warning ({warning.kind}): {warning.text}")
    say(str(path))


def _cluster(given: list[str]) -> Cluster:
    from manifests.schema.cluster import Cluster
    from openba.cli.keys import with_keys

    return with_keys(given, Cluster, "--cluster")
