"""Prompts in, answers out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from manifests.errors import UserError
from manifests.output import say
from openba.cli.options import (
    Average,
    Curriculum,
    InferenceDtype,
    Quiet,
    Step,
    TrainingFolder,
    Verbose,
    examples,
    set_verbosity,
)

ARGUMENTS = "--curriculum curriculum.yaml --run runs/mine"

app = typer.Typer()


@app.command(
    "generate",
    rich_help_panel="Training",
    epilog=examples(
        f"openba generate {ARGUMENTS} --prompt 'What is a list?'",
        f"openba generate {ARGUMENTS} --file prompts.txt --temperature 0.8 --top-p 0.9",
    ),
)
def generate_command(
    curriculum: Curriculum,
    run: TrainingFolder,
    prompt: Annotated[
        list[str] | None, typer.Option("--prompt", help="A prompt; may be given often. The answers are text.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="Prompts, one a line (default: standard input). The answers are JSON, one a line.",
        ),
    ] = None,
    step: Step = "last",
    average: Average = False,
    dtype: InferenceDtype = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, help="Greatest length of an answer, of any size.")
    ] = 256,
    temperature: Annotated[
        float, typer.Option("--temperature", help="0 takes the most likely token, 1 samples.")
    ] = 0.0,
    top_k: Annotated[
        int, typer.Option("--top-k", help="Sample from so many most likely tokens; 0: from all.")
    ] = 0,
    top_p: Annotated[
        float, typer.Option("--top-p", help="Sample from the most likely tokens of this probability.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Of the sampling.")] = 0,
    beams: Annotated[int, typer.Option("--beams", help="Width of a beam search; 0: none.")] = 0,
    length_penalty: Annotated[
        float, typer.Option("--length-penalty", help="Of the beam search; 0 prefers short answers.")
    ] = 1.0,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Answer prompts with a checkpoint."""
    set_verbosity(verbose, quiet)
    if prompt and file:
        raise typer.BadParameter("give --prompt or --file, not both")
    prompts = prompt or _lines(file)
    from openba.model import SamplingSettings, load_model

    choice = SamplingSettings(temperature, top_k, top_p, seed, beams, length_penalty)
    model = load_model(curriculum, run, step, dtype, average=average)
    answers = model.generate(prompts, max_tokens, choice)
    for asked, answer in zip(prompts, answers, strict=True):
        say(answer if prompt else json.dumps({"prompt": asked, "answer": answer}, ensure_ascii=False))


def _lines(file: Path | None) -> list[str]:
    """Prompts, one a line: of a file, or of standard input. A byte order mark and carriage returns are no
    part of them."""
    where = file or "standard input"
    try:
        data = sys.stdin.buffer.read() if file is None else file.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"not readable as UTF-8 text: {error}", where=where) from None
    if not text.strip():
        raise UserError("holds no prompts", where=where, fix="write one a line, or use --prompt")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
