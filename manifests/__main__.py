"""``python -m manifests check FILE...``: are these manifests valid, and if not, which key must change to what?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from manifests.check import check
from manifests.schema.base import ManifestError


def check_files(files: list[Path]) -> int:
    """Prints one line a file (errors go to standard error) and returns the exit code: 0 if all are valid, else 1."""
    failures = 0
    for file in files:
        try:
            manifest = check(file)
        except ManifestError as error:
            print(error, file=sys.stderr)
            failures += 1
        else:
            print(f"{file}: valid ({type(manifest).__name__})")
    return 1 if failures else 0


def main(arguments: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m manifests", description="Work with the manifests that define a corpus and a training.")
    commands = parser.add_subparsers(required=True, dest="command")
    command = commands.add_parser("check", help="validate manifests of any kind (corpus, curriculum, shards, step)")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML or JSON manifest")
    options = parser.parse_args(arguments)
    return check_files(options.files)


if __name__ == "__main__":
    sys.exit(main())
