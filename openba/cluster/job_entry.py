"""What a submitted job runs on the cluster: ``python -m openba.cluster.job_entry COMMAND ...`` looks at every
node, then does what ``openba COMMAND ...`` does."""

from __future__ import annotations

import sys

from openba.cli.app import command
from openba.cli.exit import run
from openba.cli.main import main
from openba.cluster.arguments import Places
from openba.cluster.node_check import check_nodes


def entry(arguments: list[str]) -> int:
    """The exit code of the check, if it fails, else of the command."""
    return run(lambda: _checked(arguments), arguments) or main(arguments)


def _checked(arguments: list[str]) -> int:
    check_nodes(Places.of(arguments, command()))
    return 0


if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
