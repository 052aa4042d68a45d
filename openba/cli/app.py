"""The commands, put together."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import typer

from manifests.output import say
from openba.cli import (
    ask,
    benchmark,
    cluster,
    corpus,
    demo,
    evaluate,
    generate,
    judge,
    manifests,
    near,
    plan,
    privacy,
    replay,
    scale,
    setup,
    sign,
    submit,
    switch,
    train,
)
from openba.cli.exit import USAGE
from openba.cli.options import examples

app = typer.Typer(
    help="Raw English, Chinese and code text to a token-balanced corpus, and an encoder-decoder trained on "
    "it in stages.",
    epilog=examples(
        "openba demo --quick", "openba corpus --corpus corpus.yaml --run runs/mine", "openba COMMAND --help"
    ),
    add_completion=False,
    invoke_without_command=True,
)
_CORPUS = (demo, setup, manifests, sign, near, ask, privacy, corpus, judge, scale)
_TRAINING = (plan, train, switch, replay, evaluate, benchmark, generate)
_ELSEWHERE = (cluster, submit)
for group in (*_CORPUS, *_TRAINING, *_ELSEWHERE):
    app.add_typer(group.app)


@cache
def command() -> typer.core.TyperGroup:
    """The whole command line."""
    built = typer.main.get_command(app)
    assert isinstance(built, typer.core.TyperGroup)
    return built


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    # The deepspeed launcher adds it.
    local_rank: Annotated[int, typer.Option("--local_rank", hidden=True)] = 0,
) -> None:
    if version:
        from openba.version import __version__

        say(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(USAGE)
