"""Training, and what to do with a checkpoint."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from manifests.output import complain, say
from openba.cli.options import (
    Average,
    Curriculum,
    Quiet,
    Step,
    TrainingFolder,
    Verbose,
    examples,
    set_verbosity,
)

if TYPE_CHECKING:
    from trainer.run import TrainingRun

PANEL = "Training"
ARGUMENTS = "--curriculum curriculum.yaml --run runs/mine"

app = typer.Typer()


def work(
    curriculum: Path, run: Path, weights: Path | None = None, *, quiet: bool, profile: str | None = None
) -> None:
    """Trains to the end, beginning from ``weights`` where they are named, with a trace of the steps that
    ``profile`` tells, or says that there is nothing to
    do."""
    training = opened(curriculum, run)
    training = training if weights is None else training.beginning_from(weights)
    alone = "RANK" not in os.environ  # of several processes only process 0 may tell what is there
    if not (alone and training.finished):
        for warning in training.warnings if os.environ.get("RANK", "0") == "0" else ():
            complain(f"{curriculum}: warning: {warning}")
        from trainer.monitor.step_profile import StepProfile
        from trainer.train import train  # torch and DeepSpeed take seconds

        callbacks = [] if profile is None else [StepProfile.of(profile)]
        if train(training, callbacks, quiet=quiet):
            return
    say(f"{training.train_folder}: finished already, nothing to do")


def opened(curriculum: Path, run: Path) -> TrainingRun:
    """The run, its manifests read."""
    from trainer.run import TrainingRun

    return TrainingRun.open(curriculum, run)


@app.command(
    "train",
    rich_help_panel=PANEL,
    epilog=examples(
        f"openba train {ARGUMENTS}",
        "openba train --curriculum tune.yaml --run runs/tuned --from exported",
        f"torchrun --standalone --nproc-per-node 2 -m -- trainer train {ARGUMENTS}",
        f"deepspeed --num_gpus 2 --module trainer train {ARGUMENTS}",
        f"openba train {ARGUMENTS} --engine ray --workers 2",
    ),
)
def train_command(
    curriculum: Curriculum,
    run: TrainingFolder,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            help="What to begin from, in place of the curriculum's initial.weights: an export, a "
            "checkpoint, or a run's newest one. A run that has checkpoints of its own goes on from them.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="FIRST:LAST",
            help="Write a trace of these steps by torch's profiler into the run's train/profile.",
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option("--engine", help="local: this process, or those of a launcher; ray: workers of a Ray."),
    ] = "local",
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes on Ray, at most.")] = 2,
    gpus: Annotated[bool, typer.Option("--gpus", help="A GPU for each process on Ray.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Train to the end of the curriculum, from the newest checkpoint if any."""
    set_verbosity(verbose, quiet)
    if engine == "local":
        work(curriculum, run, weights, quiet=quiet, profile=profile)
        return
    from trainer.ray_launch import launch

    threads = opened(curriculum, run).manifest.train.threads
    weights = weights and weights.absolute()
    there = partial(_in_a_worker, curriculum.absolute(), run.absolute(), weights, quiet, profile, verbose)
    launch(there, run, workers, gpus=gpus, cpus_per_worker=threads)


def _in_a_worker(
    curriculum: Path, run: Path, weights: Path | None, quiet: bool, profile: str | None, verbose: bool
) -> None:
    set_verbosity(verbose, quiet)
    work(curriculum, run, weights, quiet=quiet, profile=profile)


@app.command(
    "export",
    rich_help_panel=PANEL,
    epilog=examples(
        f"openba export {ARGUMENTS} --to exported",
        f"openba export {ARGUMENTS} --to exported --step best --dtype bfloat16",
    ),
)
def export_command(
    curriculum: Curriculum,
    run: TrainingFolder,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="A new folder.")],
    step: Step = "last",
    average: Average = False,
    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"],
        typer.Option("--dtype", help="Of the weights; the shorter ones are rounded to the nearest number."),
    ] = "float32",
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write a checkpoint as a folder that transformers loads, in the released layout."""
    set_verbosity(verbose, quiet)
    training = opened(curriculum, run)
    from trainer.inference import export_model

    export_model(training, to, step, dtype, average=average)
    loads = 'AutoModelForSeq2SeqLM.from_pretrained(folder, dtype="auto", trust_remote_code=True)'
    say(f"{to}: written in {dtype}; {loads} loads it")


@app.command("import", rich_help_panel=PANEL, epilog=examples(f"openba import {ARGUMENTS} --from exported"))
def import_command(
    curriculum: Curriculum,
    run: TrainingFolder,
    source: Annotated[
        Path, typer.Option("--from", metavar="FOLDER", help="An export, a checkpoint, or a run.")
    ],
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write a run's first checkpoint from given weights, to evaluate it or to let it write."""
    set_verbosity(verbose, quiet)
    training = opened(curriculum, run)
    from trainer.inference import import_model

    imported = import_model(training, source)
    dtypes = " and ".join(imported.dtypes)
    checkpoint = imported.checkpoint.folder
    say(f"{checkpoint}: written, of weights in {dtypes}; evaluate, generate and train go on from it")
