"""Runs a corpus in a folder and in an object store, and compares the hash of every durable file.

    python -m benchmarks.store_run CORPUS.yaml URL [ENGINE]

``URL`` is where the run in the store is made, as in ``s3://bucket/runs/one``; ``AWS_ENDPOINT_URL`` and credentials
are taken from the environment (``moto_server -p 5000`` gives a server for a trial). ENGINE: ``local`` or ``ray``.
Processor time is that of this process and of those that it waited for.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

from manifests.files import sha256
from manifests.output import complain, say
from manifests.run_folder import run_folder
from manifests.store.store_path import StorePath
from openba.steps import run_steps


def hashes(run: Path) -> dict[str, str]:
    """By name below the run folder, of all files but timings and what remembers sizes and times."""
    files = [path for path in run.rglob("*") if isinstance(path, StorePath) or path.is_file()]
    named = {str(path.relative_to(run)): path for path in files}
    return {name: sha256(named[name]) for name in sorted(named) if Path(name).name not in _OWN}


def seconds() -> float:
    """Processor seconds so far, of the user and the system."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(corpus: str, url: str, engine: str = "local") -> int:
    """0 where all hashes are the same."""
    with tempfile.TemporaryDirectory() as folder:
        begin = seconds()
        run_steps(corpus, Path(folder) / "run")
        middle = seconds()
        run_steps(corpus, url, engine=engine)
        say(f"{middle - begin:.1f} s in a folder, {seconds() - middle:.1f} s in the store ({engine})")
        here, there = hashes(Path(folder) / "run"), hashes(run_folder(url))
    differing = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    for name in differing:
        complain(f"differs: {name}")
    say(f"{len(here)} files, {len(differing)} differ")
    return 1 if differing else 0


_OWN = {"stats.json", ".inputs.json"}

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
