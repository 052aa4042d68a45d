"""Every command of the command line with its arguments, options and examples, as a page."""

from __future__ import annotations

from typing import Any

from docs.generate.markdown import markdown
from openba.cli.app import command


def page() -> str:
    """A section a group of commands, in the order of the help."""
    groups: dict[str, list[str]] = {}
    commands: dict[str, Any] = dict(command().commands)
    for name, one in commands.items():
        groups.setdefault(one.rich_help_panel, []).append(_command(name, one))
    text = [
        "# Commands",
        "`openba COMMAND --help` says the same; `make help` lists the targets that stand for them. See also "
        "the [exit codes](../exit-codes.md).",
    ]
    for group, sections in groups.items():
        text += [f"## {group}", *sections]
    return "\n\n".join(text) + "\n"


def _command(name: str, one: Any) -> str:
    options = [
        _parameter(name, parameter) for parameter in one.params if not getattr(parameter, "hidden", False)
    ]
    text = [f"### `openba {name}`", markdown(one.help), *options]
    examples = [line.strip() for line in (one.epilog or "").splitlines()[1:] if line.strip()]
    return "\n\n".join([*text, "```\n" + "\n".join(examples) + "\n```"])


def _parameter(name: str, parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        shown, needed = (
            parameter.metavar or parameter.name.upper(),
            "required" if parameter.required else "optional",
        )
    else:
        shown = ", ".join(parameter.opts)
        needed = "required" if parameter.required else _default(parameter.default)
    anchor = f"{name}-{parameter.name}".replace("_", "-")
    return f"[`{shown}`]{{#{anchor}}}\n: {needed}\n\n  {markdown(parameter.help or '')}"


def _default(value: Any) -> str:
    return "optional" if value in (None, False) else f"default `{value}`"
