"""A training that runs is changed, and told of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from manifests.output import say
from openba.cli.options import Curriculum, Json, TrainingFolder, examples

ARGUMENTS = "--curriculum curriculum.yaml --run runs/mine"
PANEL = "Training"

app = typer.Typer()


@app.command(
    "switch",
    rich_help_panel=PANEL,
    epilog=examples(f"openba switch --next {ARGUMENTS}", f"openba switch biflan {ARGUMENTS}"),
)
def switch_command(
    curriculum: Curriculum,
    run: TrainingFolder,
    stage: Annotated[
        str | None, typer.Argument(metavar="[STAGE]", help="The stage that shall begin: the next one.")
    ] = None,
    following: Annotated[bool, typer.Option("--next", help="Whichever stage comes next.")] = False,
    as_json: Json = False,
) -> None:
    """End the stage under way, so that the next one begins.

    A running training does it after the step that it is making; one that was stopped, when it goes on. The
    stage is evaluated, a checkpoint is written, and the journal keeps the step. It cannot be taken back.
    """
    from trainer.run import TrainingRun
    from trainer.stage_request import request_next_stage

    if following == (stage is not None):
        raise typer.BadParameter("give either the stage that shall begin, or --next")
    ends, begins = request_next_stage(TrainingRun.open(curriculum, run), stage)
    if as_json:
        say(json.dumps({"ends": ends, "begins": begins}))
    else:
        say(f"{run}: {ends} ends with the step under way; then {begins} begins")


@app.command(
    "amend",
    rich_help_panel=PANEL,
    epilog=examples("openba amend curriculum.yaml --run runs/mine"),
)
def amend_command(
    edited: Annotated[Path, typer.Argument(metavar="FILE", help="The edited curriculum manifest (YAML).")],
    run: TrainingFolder,
    as_json: Json = False,
) -> None:
    """Go on with an edited curriculum, from the next checkpoint on.

    Of the stage under way tokens, until, mixture, batches, learning rate, optimizer, z_loss and caps may be
    edited, of stages to come everything; what has been trained stays as it is. A running training takes it at
    its next checkpoint, one that was stopped when it goes on; if the past would be another by then, it goes
    on as it was, and says why.
    """
    from trainer.amend_request import request_amendment

    changes = request_amendment(edited, run)
    if as_json:
        say(json.dumps([{"key": key, "from": old, "to": new} for key, old, new in changes]))
        return
    say(f"{run}: from the next checkpoint on")
    for key, old, new in changes:
        say(f"  {key} = {new}, not {old}")


@app.command("status", rich_help_panel=PANEL, epilog=examples(f"openba status {ARGUMENTS}"))
def status_command(curriculum: Curriculum, run: TrainingFolder, as_json: Json = False) -> None:
    """Print where a training is: stage, step, tokens, blend, losses, and what comes next, and when."""
    from trainer.run import TrainingRun
    from trainer.status import lines, status

    found = status(TrainingRun.open(curriculum, run))
    say(json.dumps(found, indent=1) if as_json else "\n".join(lines(found)))
