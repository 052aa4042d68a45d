"""Command line of the corpus pipeline: one command a step, and ``corpus`` for all of them."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import warnings
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from manifests.broken_pipe import output_may_be_lost
from manifests.errors import UserError, shown
from manifests.malloc_settings import kept_memory
from manifests.step_order import steps_of
from pipeline.runtime.import_guard import hide_modules
from pipeline.runtime.worker_start import start_worker

if TYPE_CHECKING:
    from pipeline.runtime.run import StepOutcome

DESCRIPTION = {
    "ingest": "read the sources into documents: charset, Unicode repair, exact hash",
    "language": "keep English, Chinese (Hans/Hant) and code; reject the rest with the label that was found",
    "quality": "measure signals and perplexity, then apply the manifest's rules",
    "dedup": "exact, paragraph and near-duplicate removal (MinHash LSH, verified), repeated characters",
    "privacy": "replace, hash or remove 17 kinds of personal data and credentials, or drop the document",
    "decontaminate": "reject documents that share an n-gram with a benchmark item",
    "shards": "tokenise, plan the mix to the token budget, write token-balanced shards and BiFlan pairs",
    "corpus": "all steps in order, those of your own among them",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline", description="Raw text to token-balanced Arrow shards, step by step."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="STEP")
    for name, text in DESCRIPTION.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--corpus", type=Path, required=True, metavar="FILE", help="the corpus manifest (YAML)"
        )
        command.add_argument(
            "--run", type=Path, required=True, metavar="FOLDER", help="the run folder, such as runs/demo"
        )
        command.add_argument(
            "--engine",
            default="local",
            help="local (default), ray, or the name of a Beam runner such as FlinkRunner",
        )
        command.add_argument("--workers", type=int, default=2, help="CPUs of the local Ray (default 2)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Entry point. 0: done; otherwise the exit code of the error that standard error explains."""
    options = _parser().parse_args(arguments)
    logging.getLogger().setLevel(logging.ERROR)  # Beam warns of cloud clients that are not installed
    warnings.filterwarnings("ignore", module="apache_beam")
    try:
        with output_may_be_lost():
            _work(options)
    except UserError as error:
        print(shown(error), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _work(options: argparse.Namespace) -> None:
    # what is imported stays: to look through it again and again would be a twentieth of a small job
    gc.disable()
    start_worker()
    if options.engine == "local":
        with hide_modules("pandas"):
            pa.array(())  # Arrow looks for it with the first array, once for all
    from pipeline.runtime.engines.open_engine import open_engine
    from pipeline.runtime.run import CorpusRun
    from pipeline.steps.registry import step_named

    gc.enable()
    gc.freeze()
    engine = open_engine(options.engine, options.workers)
    with closing(engine), kept_memory():
        run = CorpusRun(options.corpus, options.run, engine)
        names = steps_of(run.corpus) if options.command == "corpus" else (options.command,)
        with run.held(f"openba {options.command}"):
            for name in names:
                _print(name, run.step(step_named(name, run.corpus)))


def _print(name: str, done: StepOutcome) -> None:
    rejected = done.manifest.documents_in - done.manifest.documents_kept
    state = f"{done.seconds:7.1f} s" if done.worked else "  as it was"
    print(
        f"{name:<14} {done.manifest.documents_in:>10,} in {done.manifest.documents_kept:>10,} kept "
        f"{rejected:>9,} rejected {state}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
