"""``python -m manifests check | report | verify``: are manifests valid, what does a run hold, and is it still
what its manifests say?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from manifests.broken_pipe import output_may_be_lost
from manifests.check import check
from manifests.errors import UserError, shown
from manifests.os_errors import os_errors_explained
from manifests.run_folder import checked_run_folder
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest


def check_files(files: list[Path]) -> int:
    """Prints one line a file (errors go to standard error) and returns the exit code: 0 if all are valid,
    else 1."""
    failures = 0
    for file in files:
        try:
            manifest = check(file)
        except ManifestError as error:
            print(shown(error), file=sys.stderr)
            failures += 1
        else:
            print(f"{file}: valid ({type(manifest).__name__})")
            for warning in manifest.warnings if isinstance(manifest, CurriculumManifest) else ():
                print(f"{file}: warning: {warning}")
    return 1 if failures else 0


def report_run(run: Path) -> int:
    """Writes the report of a run folder, prints the ten-line summary and the report's path; returns 0."""
    from manifests.report import summary, write_report

    path = write_report(run)
    print("\n".join(summary(run)))
    print(path)
    return 0


def verify_run(run: Path) -> int:
    """Verifies a run folder and prints what was checked, or every problem; returns 0, or 1 if there are
    problems."""
    from manifests.verify import verify

    result = verify(run)
    for problem in result.problems:
        print(f"error: {problem}", file=sys.stderr)
    state = f"{len(result.problems)} problems" if result.problems else "as its manifests say"
    checked = f"{result.files:,} files, {result.bytes:,} bytes, {result.documents:,} documents, {result.tokens:,} tokens checked"
    print(f"{run}: {state} ({checked})")
    return 1 if result.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m manifests", description="Work with the manifests that define a corpus and a training."
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    text = "validate manifests of any kind: corpus, curriculum, rules, shards, step, training"
    command = commands.add_parser(
        "check", help=text, description=f"{text.capitalize()}. Errors name the file, the key and the fix."
    )
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML or JSON manifest")
    text = "write report.html into a run folder and print its ten-line summary"
    command = commands.add_parser(
        "report", help=text, description=f"{text.capitalize()}; sections without data are left out."
    )
    command.add_argument("run", type=Path, metavar="FOLDER", help="the run folder, such as runs/demo")
    text = "hash and count everything in a run folder again"
    command = commands.add_parser(
        "verify", help=text, description=f"{text.capitalize()}; the exit code is 1 if anything differs."
    )
    command.add_argument("run", type=Path, metavar="FOLDER", help="the run folder, such as runs/demo")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with output_may_be_lost():
            return check_files(options.files) if options.command == "check" else _on_run(options)
    except UserError as error:
        print(shown(error), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _on_run(options: argparse.Namespace) -> int:
    run = checked_run_folder(options.run)
    with os_errors_explained(run):
        return report_run(run) if options.command == "report" else verify_run(run)


if __name__ == "__main__":
    sys.exit(main())
