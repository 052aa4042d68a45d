"""Kills `make demo`'s commands with SIGKILL at moments spread over the run, runs them again, and compares
every durable byte with an undisturbed run's.

    python -m benchmarks.kill runs/demo runs/killed --kills 5
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from manifests.files import sha256

VOLATILE = {"stats.json", ".inputs.json", "report.html", "verified-shards.json"}


def durable(run: Path) -> dict[str, str]:
    """SHA-256 of every manifest, part, shard, model and metric of a run: all that should be the same bytes
    again."""
    kept = {}
    for path in sorted(run.rglob("*")):
        relative = path.relative_to(run)
        if (
            path.is_file()
            and path.name not in VOLATILE
            and not any(part in {".receipts", "tensorboard"} for part in relative.parts)
        ):
            kept[relative.as_posix()] = sha256(path)
    return kept


def _commands(corpus: Path, curriculum: Path, run: Path) -> list[list[str]]:
    return [
        [sys.executable, "-m", "pipeline", "corpus", "--corpus", str(corpus), "--run", str(run)],
        [sys.executable, "-m", "trainer", "train", "--curriculum", str(curriculum), "--run", str(run)],
    ]


def _run(commands: list[list[str]], kill_after: float | None) -> bool:
    """Runs the commands in turn; True when they were killed before they ended."""
    deadline = None if kill_after is None else time.monotonic() + kill_after
    for command in commands:
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        try:
            code = process.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        if code:
            raise SystemExit(f"{' '.join(command)} failed with exit code {code}")
    return False


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reference", type=Path, help="the folder of an undisturbed, finished run")
    parser.add_argument("killed", type=Path, help="a new folder for the run that is killed")
    parser.add_argument("--corpus", type=Path, default=Path("manifests/presets/demo/corpus.yaml"))
    parser.add_argument("--curriculum", type=Path, default=Path("manifests/presets/demo/curriculum.yaml"))
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seconds", type=float, required=True, help="how long the undisturbed run took")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shutil.rmtree(options.killed, ignore_errors=True)
    commands = _commands(options.corpus, options.curriculum, options.killed)
    moments = random.Random(options.seed)
    for kill in range(options.kills):
        slot = options.seconds / options.kills
        after = slot * moments.uniform(0.3, 1.1)
        killed = _run(commands, after)
        print(f"kill {kill + 1}: after {after:.1f} s{'' if killed else ' (it had ended)'}", flush=True)
    _run(commands, None)
    expected, found = durable(options.reference), durable(options.killed)
    different = sorted(
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
    )
    print(f"{len(expected)} files, {len(different)} different" + "".join(f"\n  {name}" for name in different))
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
