"""A command line for a cluster: whether it can run there, on Ray, and what it needs to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

Commands = typer.core.TyperGroup
FILES = ("corpus", "curriculum")


@dataclass(frozen=True)
class Places:
    """What every node must see: the run folder, and the manifests."""

    run: Path | None
    files: tuple[Path, ...]

    @classmethod
    def of(cls, arguments: Sequence[str], commands: Commands) -> Places:
        """Those that a command line names."""
        given = _parsed(arguments, commands).params
        return cls(given.get("run"), tuple(given[name] for name in FILES if given.get(name)))


def on_ray(arguments: Sequence[str], commands: Commands) -> list[str]:
    """The command line, with Ray as its engine where it names none.

    Raises:
        typer.BadParameter: the command has no engine.
        typer.TyperException: the command line is wrong.
    """
    context = _parsed(arguments, commands)
    if "engine" not in context.params:
        raise typer.BadParameter(f"{arguments[0]!r} does not run on a cluster; call it here")
    given = context.get_parameter_source("engine")
    return [*arguments, *(() if given and given.name == "COMMANDLINE" else ("--engine", "ray"))]


def _parsed(arguments: Sequence[str], commands: Commands) -> Any:
    if not arguments:
        raise typer.BadParameter("name the command behind --, such as `-- corpus --corpus FILE --run FOLDER`")
    with commands.make_context("openba", list(arguments)) as root:
        name, known, rest = commands.resolve_command(root, list(arguments))
        assert known is not None
        return known.make_context(name or "", rest, parent=root)
