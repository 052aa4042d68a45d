"""Makes a corpus on three hosts of one machine (see network_hosts) while workers, raylets, drivers and hosts are killed,
one host is cut off for 30 s and one works at a tenth of its speed; compares every durable byte with a run in process.

    python -m benchmarks.hosts runs/hosts --corpus manifests/presets/smallest/corpus.yaml --kills 20

A run that ends before all kills are made is compared and made anew. Needs root and iproute2.
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
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.kill import durable
from benchmarks.network_hosts import Hosts, why_not

CUT_OFF = 30.0
KINDS = ("worker", "raylet", "driver")


class Run:
    """A corpus that is made on hosts, again and again from where it was."""

    def __init__(self, hosts: Hosts, corpus: Path, folder: Path, step: str = "corpus") -> None:
        self.hosts, self.folder = hosts, folder
        self._command = command(corpus, folder, "ray", step)
        self._driver: subprocess.Popen[bytes] | None = None
        self.struck: Counter[str] = Counter()

    def go(self) -> None:
        """Starts the driver."""
        self._driver = self.hosts.driver(self._command, self.folder.with_suffix(".log"))

    def ended(self, seconds: float) -> bool:
        """Whether the run is whole after so many seconds.

        Raises:
            SystemExit: the driver failed by itself.
        """
        assert self._driver is not None
        with suppress(subprocess.TimeoutExpired):
            if self._driver.wait(seconds):
                raise SystemExit(f"the run failed; see {self.folder.with_suffix('.log')}")
            return True
        return False

    def strike(self, kind: str, chance: random.Random) -> None:
        """Kills one of a kind, and starts again what does not come back by itself."""
        number = chance.randrange(1, self.hosts.count)
        done = {
            "worker": self._worker,
            "raylet": self._raylet,
            "driver": self._kill_driver,
            "host": self._host,
        }[kind]
        self.struck[kind] += done(number, chance)

    def _worker(self, number: int, chance: random.Random) -> bool:
        found = [pid for host in self.hosts.hosts for pid in host.processes("ray::_run_one")]
        return bool(found) and _killed(chance.choice(found))

    def _raylet(self, number: int, chance: random.Random) -> bool:
        (raylet,) = self.hosts.hosts[number].processes("raylet/raylet")
        _killed(raylet)
        return self._host(number, chance)

    def _host(self, number: int, _: random.Random) -> bool:
        self.hosts.kill(number)
        self.hosts.start(number)
        return True

    def _kill_driver(self, number: int, chance: random.Random) -> bool:
        assert self._driver is not None
        os.killpg(self._driver.pid, signal.SIGKILL)
        self._driver.wait()
        self.go()
        return True


def command(corpus: Path, run: Path, engine: str, step: str = "corpus") -> list[str]:
    """The command that makes the corpus, or one step of it."""
    return [
        sys.executable,
        "-m",
        "openba",
        step,
        "--corpus",
        str(corpus),
        "--run",
        str(run),
        "--engine",
        engine,
    ]


def different(reference: Path, run: Path) -> list[str]:
    """Durable files that are not the same, and what should not be there any more."""
    expected, found = durable(reference), durable(run)
    wrong = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    return sorted([*wrong, *(str(path) for path in run.rglob("*.tmp"))])


def _killed(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def disturbed(hosts: Hosts, corpus: Path, folder: Path, strike: Callable[[Run], bool]) -> Run:
    """A run to its end, with ``strike`` called until it says that it is enough."""
    run = Run(hosts, corpus, folder)
    run.go()
    while strike(run):
        if run.ended(0):
            return run
    while not run.ended(60):
        pass
    return run


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a new folder for the runs")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=20, help="of each kind (default 20)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if why_not():
        raise SystemExit(why_not())
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    reference, corpus = options.folder / "reference", options.corpus.resolve()
    subprocess.run(command(corpus, reference, "local"), check=True)
    chance, struck, wrong, runs = random.Random(options.seed), Counter[str](), 0, 0
    left = [kind for kind in KINDS for _ in range(options.kills)] + ["host"]
    chance.shuffle(left)
    with Hosts() as hosts:
        while left:
            runs += 1
            folder = (options.folder / f"run-{runs}").resolve()

            def strike(run: Run) -> bool:
                if run.ended(chance.uniform(2, 12)) or not left:
                    return False
                before = run.struck.total()
                run.strike(left[-1], chance)
                if run.struck.total() > before:
                    struck[left.pop()] += 1
                return True

            disturbed(hosts, corpus, folder, strike)
            found = different(reference, folder)
            wrong += bool(found)
            print(f"run {runs}: {dict(struck)}, {len(found)} files different {found[:5]}", flush=True)
        wrong += slow_and_cut_off(hosts, corpus, options.folder / "weak", reference)
    return int(bool(wrong))


def slow_and_cut_off(hosts: Hosts, corpus: Path, folder: Path, reference: Path) -> int:
    """A run with one host at a tenth of its speed, and the other one away for a while; 1 if it is wrong."""
    started = time.monotonic()
    run = Run(hosts, corpus, folder.resolve())
    run.go()
    with hosts.slowed(1):
        run.ended(10)
        with hosts.cut_off(2):
            run.ended(CUT_OFF)
        while not run.ended(60):
            pass
    found = different(reference, folder)
    print(
        f"one slow, one cut off: {time.monotonic() - started:.0f} s, {len(found)} files different {found[:5]}"
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
