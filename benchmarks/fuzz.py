"""Hostile input for every reader and kernel, for as long as one likes.

    python -m benchmarks.fuzz --seconds 3600 --folder runs/fuzz          # make fuzz

Each target runs in a process of its own, so that a crash, a hang or too much memory ends that target's turn alone.
Where atheris is installed (no dependency of ours) it looks for input that reaches new code; else inputs are drawn at
random. What fails is kept in ``folder/findings``, and what was reached in ``folder/corpus``, where the next hour
begins.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import hashlib
import importlib.util
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

from benchmarks.fuzz_inputs import changed, seeds
from pipeline.runtime.worker_start import start_worker

SLOW = 20
"""Seconds that an input of a few kilobytes may take."""
LONGEST = 1 << 16
"""Bytes of an input."""


def keep(folder: Path, data: bytes) -> Path:
    """Writes an input into a folder, named by its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


def fuzz_at_random(name: str, seconds: float, folder: Path, seed: int) -> int:
    """Changes of the seeds and of what was kept, until time is up or one fails; how many there were."""
    from benchmarks.fuzz_targets import TARGETS

    target, draw, last = TARGETS[name], random.Random(seed), folder / "last" / name
    last.parent.mkdir(parents=True, exist_ok=True)
    target(seeds(name)[0])  # which compiles the kernels
    inputs = [*seeds(name), *(path.read_bytes() for path in sorted((folder / "corpus" / name).glob("*")))]
    for data in inputs:
        _run(target, data, last)
    end, done = time.monotonic() + seconds, len(inputs)
    while time.monotonic() < end:
        _run(target, changed(draw.choice(inputs), draw)[:LONGEST], last)
        done += 1
    last.unlink()
    return done


def _run(target: object, data: bytes, last: Path) -> None:
    # The bytes are on the disk before they are read: a crash of the process leaves them there.
    last.write_bytes(data)
    faulthandler.dump_traceback_later(SLOW, exit=True)
    assert callable(target)
    try:
        target(data)
    finally:
        faulthandler.cancel_dump_traceback_later()


def fuzz_by_coverage(name: str, seconds: float, folder: Path, seed: int) -> None:
    """The same by atheris (libFuzzer), which does not return."""
    import atheris

    corpus, found = folder / "corpus" / name, folder / "last" / name
    found.mkdir(parents=True, exist_ok=True)
    for data in seeds(name):
        keep(corpus, data)
    from benchmarks.fuzz_targets import TARGETS

    for function in _of_readers():
        atheris.instrument_func(function)
    TARGETS[name](seeds(name)[0])  # which compiles the kernels
    limits = [f"-max_total_time={int(seconds)}", f"-seed={seed}", f"-max_len={LONGEST}", f"-timeout={SLOW}"]
    quiet = ["-rss_limit_mb=6144", "-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={found}/"]
    atheris.Setup([sys.argv[0], *limits, *quiet, str(corpus)], TARGETS[name])
    atheris.Fuzz()


def _of_readers() -> Iterator[FunctionType]:
    """The functions and methods of the readers, which lead through Python; the rest is native."""
    modules = [module for name, module in sys.modules.items() if name.startswith("pipeline.readers.")]
    for module in modules:
        for one in vars(module).values():
            if getattr(one, "__module__", "") == module.__name__:
                members = vars(one).values() if isinstance(one, type) else [one]
                yield from (member for member in members if isinstance(member, FunctionType))


def turn(name: str, seconds: float, folder: Path, seed: int) -> str | None:
    """One target's turn in a process of its own; the end of what it said, if it failed."""
    words = [sys.executable, "-m", "benchmarks.fuzz", "--target", name, "--seconds", str(seconds)]
    words += ["--folder", str(folder), "--seed", str(seed)]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    left = folder / "last" / name
    inputs = [left] if left.is_file() else sorted(left.glob("*")) if left.is_dir() else []
    if done.returncode == 0:
        return None
    for path in inputs:
        kept = keep(folder / "findings" / name, path.read_bytes())
        kept.with_suffix(".txt").write_text(done.stderr[-20_000:], encoding="utf-8")
        path.unlink()
    return done.stderr[-2_000:]


def main() -> int:
    """All targets in turn, each as long; 1 if one failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--folder", type=Path, default=Path("runs/fuzz"))
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--target", help="this one alone, in this process")
    given = parser.parse_args()
    if given.target:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        start_worker()
        guided = importlib.util.find_spec("atheris") is not None
        (fuzz_by_coverage if guided else fuzz_at_random)(
            given.target, given.seconds, given.folder, given.seed
        )
        return 0
    from benchmarks.fuzz_targets import TARGETS

    failed = 0
    for name in TARGETS:
        seed = given.seed or random.SystemRandom().randint(1, 1 << 31)
        error = turn(name, given.seconds / len(TARGETS), given.folder, seed)
        failed += error is not None
        print(f"{name:<24} seed {seed:>10}  {'FAILED' if error else 'sound'}", flush=True)
        with contextlib.suppress(AttributeError):
            print(error.rstrip(), flush=True)  # type: ignore[union-attr]
    print(f"{failed} of {len(TARGETS)} targets failed; their inputs are in {given.folder / 'findings'}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
