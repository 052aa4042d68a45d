"""Benchmarks as their authors give them, to the layout that evaluation reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from manifests.output import say
from openba.cli.options import examples

app = typer.Typer()


@app.command(
    "benchmark",
    rich_help_panel="Training",
    epilog=examples(
        "openba benchmark cmmlu unpacked/cmmlu --to benchmarks",
        "openba benchmark humaneval HumanEval.jsonl --to benchmarks",
    ),
)
def benchmark_command(
    name: Annotated[
        Literal["belebele", "mmlu", "cmmlu", "ceval", "bbh", "flores", "humaneval"],
        typer.Argument(metavar="NAME", help="belebele, mmlu, cmmlu, ceval, bbh, flores or humaneval."),
    ],
    source: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", exists=True, help="The unpacked archive, or the official file."),
    ],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="The folder of all benchmarks' items.")],
) -> None:
    """Convert a benchmark's official files to items that `openba evaluate --data` reads."""
    from trainer.evaluation.harness.official_layouts import convert

    counts = convert(name, source, to)
    parts = len({part.rpartition("/")[0] for part in counts})
    say(f"{to / name}: {sum(counts.values())} items in {parts} parts")
