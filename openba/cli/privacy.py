"""Runs without the texts that they were made from: redacted in place, or copied to be given away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from manifests.os_errors import os_errors_explained
from manifests.output import say
from openba.cli.options import Json, RunArgument, examples
from openba.cli.shown import scrub_of

PANEL = "Manifests and runs"

app = typer.Typer()


@app.command("redact", rich_help_panel=PANEL, epilog=examples("openba redact runs/mine"))
def redact_command(run: RunArgument, as_json: Json = False) -> None:
    """Remove from a run all text from before the privacy step, and all rejects.

    What was made of them goes, too: signals, tokens, the dedup index. Kept are the scrubbed documents,
    shards, models (trained on scrubbed text), manifests and the training, so that `openba train` goes on; no
    step can be run there again. `openba verify` calls what is gone redacted. Copies are yours to remove.
    """
    from manifests.redaction import redact

    with os_errors_explained(run):
        removed = redact(run)
    if as_json:
        say(json.dumps({"run": str(run), "removed": removed}))
    else:
        say(f"{run}: {removed:,} files removed; what is left was made after the privacy step")


@app.command("share", rich_help_panel=PANEL, epilog=examples("openba share runs/mine --to shared/mine"))
def share_command(
    run: RunArgument,
    to: Annotated[
        Path,
        typer.Option("--to", metavar="FOLDER", help="The folder to make, outside the run and not there yet."),
    ],
    as_json: Json = False,
) -> None:
    """Copy of a run what can be given away: shards, models, report and manifests, no unscrubbed text.

    `openba train --run FOLDER` trains from it, `openba verify FOLDER` checks it. The last checkpoint and the
    logs of a finished training come along. The folder is there whole or not at all.
    """
    from manifests.share import share

    with os_errors_explained(to):
        copied = share(run, to, scrub_of(run))
    if as_json:
        say(json.dumps({"run": str(run), "to": str(to), "bytes": copied}))
    else:
        say(f"{to}: {copied:,} bytes of {run}, without what the privacy step had not scrubbed")
