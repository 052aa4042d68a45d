"""A stage of a training ends now."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from manifests.output import say
from openba.cli.options import Curriculum, Json, Run, examples

ARGUMENTS = "--curriculum curriculum.yaml --run runs/mine"

app = typer.Typer()


@app.command(
    "switch",
    rich_help_panel="Training",
    epilog=examples(f"openba switch --next {ARGUMENTS}", f"openba switch biflan {ARGUMENTS}"),
)
def switch_command(
    curriculum: Curriculum,
    run: Run,
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
