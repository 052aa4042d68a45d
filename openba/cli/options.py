"""Options that several commands share, and what they do."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

import typer

from manifests.output import complain
from manifests.run_folder import checked_run_folder, local_run_folder


def run_folder(text: str) -> Path:
    """A run folder's path.

    Raises:
        UserError: it is a file, or a URL of a kind that is not known.
    """
    return checked_run_folder(text)


def training_folder(text: str) -> Path:
    """The path of a run folder that a training works in.

    Raises:
        UserError: it is a URL, or a file.
    """
    return local_run_folder(text, "a training")


def checkpoint_step(text: str) -> int | str:
    """Which checkpoint: its step, ``best`` or ``last``.

    Raises:
        BadParameter: it is none of these.
    """
    if text in ("best", "last"):
        return text
    if not text.isascii() or not text.isdigit():
        raise typer.BadParameter(f"{text!r} is no step; give a number, best or last")
    return int(text)


Corpus = Annotated[Path, typer.Option("--corpus", metavar="FILE", help="The corpus manifest (YAML).")]
Curriculum = Annotated[
    Path, typer.Option("--curriculum", metavar="FILE", help="The curriculum manifest (YAML).")
]
Run = Annotated[
    Path,
    typer.Option(
        "--run",
        metavar="FOLDER|URL",
        parser=run_folder,
        help="The run folder, such as runs/demo or s3://bucket/runs/demo.",
    ),
]
TrainingFolder = Annotated[
    Path,
    typer.Option(
        "--run", metavar="FOLDER", parser=training_folder, help="The run folder, such as runs/demo."
    ),
]
RunArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER|URL",
        parser=run_folder,
        help="The run folder, such as runs/demo or s3://bucket/runs/demo.",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine", "--runner", help="local, ray, or the name of a Beam runner such as FlinkRunner."
    ),
]
RunnerOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--runner-option",
        metavar="KEY=VALUE",
        help="Of the Beam runner, as job_endpoint=localhost:8099; once for each. KEY alone is a switch.",
    ),
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="CPUs of the local Ray.")]
Step = Annotated[
    Any,
    typer.Option(
        "--step",
        metavar="N|best|last",
        parser=checkpoint_step,
        help="The checkpoint: after step N; the newest one's stage's best by held-out loss; or the last.",
    ),
]
InferenceDtype = Annotated[
    Literal["float32", "bfloat16"] | None,
    typer.Option("--dtype", help="Of the model in memory and its products. [default: that of the training]"),
]
Average = Annotated[
    bool, typer.Option("--average", help="The averaged weights that train.ema keeps, not the last ones.")
]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what the libraries log.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


class _StandardError(logging.Handler):
    """Writes to what is standard error when the line comes."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(self.format(record))


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    complain(warnings.formatwarning(message, category, filename, lineno, line).rstrip("\n"))


def set_verbosity(verbose: bool, quiet: bool) -> None:
    """Sets what is shown besides the result: our progress unless ``quiet``, the libraries' own messages if
    ``verbose``."""
    logging.basicConfig(handlers=[_StandardError()])
    warnings.showwarning = _show_warning
    logging.getLogger().setLevel(logging.INFO if verbose else logging.ERROR)
    # Beam logs a worker's error with its traceback; we show it once, at the end.
    logging.getLogger("apache_beam").setLevel(logging.INFO if verbose else logging.CRITICAL)
    warnings.filterwarnings("ignore", module="apache_beam")  # of cloud clients that are not installed
    progress = logging.getLogger("openba.progress")
    progress.setLevel(logging.WARNING if quiet else logging.INFO)
    progress.propagate = False
    progress.handlers = [_StandardError()]


def examples(*lines: str) -> str:
    """The foot of a command's help."""
    return "\n\n".join(["Examples:", *(f"  {line}" for line in lines)])
