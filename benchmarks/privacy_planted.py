"""Does anything leave a run with somebody's data in it? Identities of each kind, from a seed, are planted in texts,
addresses, fields, instruction pairs and names of files; then all that a run holds is searched for them.

    python -m benchmarks.privacy_planted [--of-each 1000] [--seed 17] [--folder DIR]

Printed are, for each place where they were planted, how many there are, how many the raw steps have (the
control: the search finds them), and how many have what is shared: shards, models, report, manifests, and what
the commands printed. The exit code is 1 where that is not 0.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from openba.cli.main import main as openba
from tests.pipeline.steps.privacy.identities import Identity, identities, plant
from tests.pipeline.steps.privacy.searching import found_in, remembered_by

SOURCES = ("text.jsonl", "reference.jsonl", "pairs.jsonl", "named")


def _run(folder: Path, corpus: Path) -> None:
    """The corpus, its report and what is shared of it; what they print goes to a file in that folder."""
    run, shared = str(folder / "run"), folder / "shared"
    log = (folder / "printed.txt").open("w", encoding="utf-8")
    with log as printed, redirect_stdout(printed), redirect_stderr(printed):
        codes = [
            openba(["corpus", "--corpus", str(corpus), "--run", run]),
            openba(["report", run]),
            openba(["share", run, "--to", str(shared)]),
        ]
    (folder / "printed.txt").rename(shared / "printed.txt")
    if any(codes):
        sys.exit(f"a command failed: {codes}; see {shared / 'printed.txt'}")


def _sources(folder: Path, planted: list[Identity]) -> list[Identity]:
    """The control: those that are in what was read."""
    there = folder / "sources"
    there.mkdir()
    for name in SOURCES:
        (folder / name).rename(there / name)
    return found_in(there, planted)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--of-each", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--folder", type=Path, help="where to work, and to leave everything")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    planted = identities(options.of_each, options.seed)
    _run(folder, plant(folder, planted))
    tokenizer = folder / "shared" / "shards" / "tokenizer.model"
    leaked = found_in(folder / "shared", planted, tokenizer)
    for model in (folder / "shared" / "quality" / "models").glob("*.ngrams"):
        leaked += remembered_by(model, tokenizer, planted)
    raw, sources = found_in(folder / "run" / "ingest", planted), _sources(folder, planted)
    columns = [Counter(one.place for one in group) for group in (planted, sources, raw, leaked)]
    print(f"{'place':12}{'planted':>10}{'in sources':>12}{'in ingest':>12}{'shared':>10}")
    for place in columns[0]:
        there, read, kept, gone = (column[place] for column in columns)
        print(f"{place:12}{there:10}{read:12}{kept:12}{gone:10}")
    for one in leaked[:20]:
        print(f"leaked: {one}")
    return int(bool(leaked))


if __name__ == "__main__":
    sys.exit(main())
