"""Which small wrong changes of the code no test notices.

    python -m benchmarks.mutants [--sample 200] [--seed 1] [--workers 2] [--list FILE]

Draws changes from all that ``mutant_sites`` finds, spread over the packages by their number, and runs for
each the test files that concern the changed file, in a copy of the tree; without the tests that are marked as
slow, so that the share is the least that the whole suite notices. ``mutants_explained.txt`` beside this file tells of changes that make
no difference: a line each, the file, the line as it becomes and the reason, between tabs. They are listed
apart, and are neither noticed nor survivors.

Exit: 0; 1 if the share of changes that are noticed is below ``--least``; 2 if tests fail without any change.
"""

from __future__ import annotations

import argparse
import queue
import random
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.mutant_runs import Tree, UnsoundTestsError, tracked
from benchmarks.mutant_sites import Site, sites

PACKAGES = ("manifests", "pipeline", "curriculum", "trainer", "openba")
EXPLAINED = Path(__file__).with_name("mutants_explained.txt")


class Mutant(NamedTuple):
    """A change of one file, whose path is relative to the repository; ``source`` are the file's bytes."""

    path: Path
    site: Site
    source: bytes

    @property
    def changed(self) -> bytes:
        """The file's bytes after the change."""
        return self.site.applied(self.source)

    @property
    def lines(self) -> tuple[str, str]:
        """The line in which the change begins, before and after."""
        before, after = (
            data.decode().split("\n")[self.site.line - 1].strip() for data in (self.source, self.changed)
        )
        return before, after


class Result(NamedTuple):
    """``verdict``: noticed, survived or explained; ``by``: the test that noticed the change, or the
    explanation."""

    mutant: Mutant
    verdict: str
    by: str
    seconds: float


def repository() -> Path:
    """The folder around this file that holds ``pyproject.toml``."""
    return next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").exists())


def mutants(root: Path, packages: Sequence[str]) -> dict[str, list[Mutant]]:
    """All changes of each package's files; packages that are not there are left out."""
    found: dict[str, list[Mutant]] = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            source = path.read_bytes()
            found.setdefault(package, []).extend(
                Mutant(path.relative_to(root), site, source) for site in sites(source)
            )
    return found


def draw(found: Mapping[str, Sequence[Mutant]], size: int, seed: int) -> list[Mutant]:
    """So many changes, of each package its share (Hamilton's method); the same for the same seed."""
    total = sum(map(len, found.values()))
    size = min(size, total)
    shares = {package: divmod(size * len(all_), total) for package, all_ in found.items() if all_}
    more = sorted(shares, key=lambda package: (-shares[package][1], package))[
        : size - sum(whole for whole, _ in shares.values())
    ]
    dice = random.Random(seed)
    return [
        one
        for package, (whole, _) in sorted(shares.items())
        for one in dice.sample(found[package], whole + (package in more))
    ]


def explanations(file: Path) -> dict[tuple[str, str], str]:
    """Reason by path and changed line.

    Raises:
        ValueError: a line has not three fields.
    """
    lines = file.read_text(encoding="utf-8").split("\n") if file.exists() else []
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    for row in rows:
        if len(row) != 3:
            raise ValueError(
                f"{file}: {row[0]!r} stands in a line of {len(row)} fields; give file, changed line and "
                "reason, between tabs"
            )
    return {(path, line): reason for path, line, reason in rows}


def run(
    root: Path, chosen: Sequence[Mutant], workers: int, timeout: float, known: Mapping[tuple[str, str], str]
) -> Generator[Result, None, None]:
    """What became of each change, in the order of ``chosen``.

    Raises:
        UnsoundTestsError: a test fails without any change.
    """
    files = list(tracked(root))
    free: queue.SimpleQueue[Tree] = queue.SimpleQueue()

    def judge(mutant: Mutant) -> Result:
        tree, begin = free.get(), time.perf_counter()
        try:
            by = tree.notices(mutant.path, mutant.changed)
        finally:
            free.put(tree)
        reason = known.get((mutant.path.as_posix(), mutant.lines[1]), "")
        verdict = "noticed" if by else "explained" if reason else "survived"
        return Result(mutant, verdict, by or reason, time.perf_counter() - begin)

    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch, ThreadPoolExecutor(workers) as pool:
        trees = [Tree(root, Path(scratch) / str(number), files, timeout) for number in range(workers)]
        for tree in trees:
            free.put(tree)
        try:
            yield from pool.map(judge, chosen)
        finally:
            for tree in trees:
                tree.stop()
            pool.shutdown(cancel_futures=True)


def line(result: Result) -> str:
    """A result as one line."""
    where = f"{result.mutant.path}:{result.mutant.site.line}"
    before, after = result.mutant.lines
    tail = f"by {result.by}" if result.by else ""
    return f"{result.verdict:<9} {where}  {before}  ->  {after}  {tail} ({result.seconds:.0f} s)"


def share(results: Sequence[Result]) -> float:
    """The noticed part of what is not explained; 1 of nothing."""
    verdicts = [result.verdict for result in results if result.verdict != "explained"]
    return verdicts.count("noticed") / len(verdicts) if verdicts else 1.0


def table(results: Sequence[Result]) -> str:
    """Noticed, survived and explained changes, and the share of the first, of each package and of all."""
    rows = [f"{'package':<12} {'noticed':>8} {'survived':>8} {'explained':>9} {'share':>6}"]
    for package in (*sorted({result.mutant.path.parts[0] for result in results}), "all"):
        mine = [result for result in results if package in (result.mutant.path.parts[0], "all")]
        counts = [
            sum(result.verdict == verdict for result in mine)
            for verdict in ("noticed", "survived", "explained")
        ]
        rows.append(f"{package:<12} {counts[0]:>8} {counts[1]:>8} {counts[2]:>9} {share(mine):>6.0%}")
    return "\n".join(rows)


def survivors(results: Sequence[Result]) -> str:
    """File and line, and the line before and after, of every change that no test noticed; those with an
    explanation last."""
    text = ""
    for verdict in ("survived", "explained"):
        for result in (result for result in results if result.verdict == verdict):
            before, after = result.mutant.lines
            text += (
                f"{verdict} {result.mutant.path}:{result.mutant.site.line}\n  - {before}\n  + {after}\n"
                + f"  {result.by}\n" * bool(result.by)
            )
    return text


def main(arguments: list[str] | None = None) -> int:
    """Entry point; see the module's own words for the exit codes."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mutants",
        description="Small wrong changes of the code that no test notices.",
    )
    parser.add_argument("--sample", type=int, default=200, help="how many changes to try (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default 1)")
    parser.add_argument("--workers", type=int, default=2, help="how many at a time (default 2)")
    parser.add_argument(
        "--list",
        type=Path,
        default=Path("runs/mutants.txt"),
        help="where survivors go (default runs/mutants.txt)",
    )
    parser.add_argument(
        "--least", type=float, default=0.85, help="the least share of noticed changes (default 0.85)"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=600,
        help="seconds for the tests of a change, three times (default 600)",
    )
    options = parser.parse_args(arguments)
    root, results = repository(), []
    chosen = draw(mutants(root, PACKAGES), options.sample, options.seed)
    try:
        for number, result in enumerate(
            run(root, chosen, options.workers, options.timeout, explanations(EXPLAINED)), 1
        ):
            print(f"[{number}/{len(chosen)}] {line(result)}", flush=True)
            results.append(result)
    except UnsoundTestsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"\n{table(results)}")
    options.list.parent.mkdir(parents=True, exist_ok=True)
    options.list.write_text(survivors(results), encoding="utf-8")
    return int(share(results) < options.least)


if __name__ == "__main__":
    sys.exit(main())
