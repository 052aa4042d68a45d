"""Models, sample text, and compiled kernels."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from manifests.os_errors import os_errors_explained
from manifests.output import say
from openba.cli.options import Quiet, Verbose, examples, set_verbosity

PANEL = "Start here"

app = typer.Typer()


def set_up() -> Path:
    """Fetches what is missing of the presets' assets, compiles the kernels, says what was done, and returns
    the assets' folder."""
    from pipeline.setup.assets import set_up
    from pipeline.setup.places import asset_manifest, assets_folder

    folder = assets_folder()
    with os_errors_explained(folder):
        made = set_up(folder, asset_manifest())
    say(f"{folder}: {f'{made} assets fetched' if made else 'as it was'}")
    from pipeline.runtime.worker_start import start_worker

    start_worker()  # says where compiled kernels are kept
    from pipeline.setup.kernels import compiled_by

    say(f"kernels: {'compiled' if compiled_by(lambda: _smallest_run(folder)) else 'as they were'}")
    return folder


def _smallest_run(assets: Path) -> None:
    from openba.steps import run_steps
    from pipeline.setup.places import MANIFESTS
    from pipeline.setup.presets import resolved

    with tempfile.TemporaryDirectory() as folder:
        corpus = resolved(MANIFESTS / "presets" / "smallest" / "corpus.yaml", Path(folder), assets)
        run_steps(corpus, Path(folder) / "run")


@app.command("setup", rich_help_panel=PANEL, epilog=examples("openba setup"))
def setup_command(verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Fetch the presets' models and sample text, verified by SHA-256, and compile the text kernels."""
    set_verbosity(verbose, quiet)
    set_up()
