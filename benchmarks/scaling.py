"""Ten times the corpus: CPU seconds per MB and peak memory of a worker must stay what they are.

    make bench-scale       or       python -m benchmarks.scaling [--corpus FOLDER] [--mb 16] [--times 10]

The text is the development corpus, a sample of ``--mb`` chosen by hash, rewritten: of every document each run
gets copies in which words (in Chinese, characters) are replaced by others of the same document, so often that
no copy is a near-duplicate of another (a shingle of five survives in one of six). The small run has one such
copy of each document, the large one ``--times`` of them, in as many files. Texts and runs are written to a
temporary folder and removed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import yaml

from benchmarks import ours
from benchmarks.cost import Cost
from benchmarks.sample import FILES, draw, read, text_bytes, write
from manifests.files import write_json

REPLACED = 0.3
ALLOWED = {"seconds_per_mb": 1.15, "peak_memory": 1.2}


def rewritten(text: str, by_character: bool, random: np.random.Generator) -> str:
    """The text with a share ``REPLACED`` of its words or characters replaced by others of its own; line
    breaks stay."""
    units = np.array(list(text) if by_character else text.split(" "), object)
    breaks = np.array(["\n" in unit for unit in units], bool)
    chosen = np.flatnonzero((random.random(len(units)) < REPLACED) & ~breaks)
    others = np.flatnonzero(~breaks)
    if len(chosen):
        units[chosen] = units[others[random.integers(len(others), size=len(chosen))]]
    return ("" if by_character else " ").join(units)


def grow(sample: Path, folder: Path, copies: range) -> int:
    """Writes a file of rewritten documents for each source and copy; returns the bytes of text."""
    size = 0
    for number, (source, name) in enumerate(FILES.items()):
        records = read(sample / name)
        for copy in copies:
            random = np.random.default_rng([copy, number])
            texts = (rewritten(record["text"], source == "zh", random) for record in records)
            size += write(folder / source / f"{copy:03d}.jsonl.gz", list(_with_texts(records, texts, copy)))
    return size


def _with_texts(records: list[dict[str, str]], texts: Iterator[str], copy: int) -> Iterator[dict[str, str]]:
    return (
        {**record, "id": f"{record['id']}#{copy}", "text": text}
        for record, text in zip(records, texts, strict=True)
    )


def measure(sample: Path, folder: Path, copies: int, model: Path) -> tuple[float, Cost]:
    """MB of text, and what the chain costs on it."""
    corpus = folder / f"corpus-{copies}"
    size = grow(sample, corpus, range(copies))
    manifest = ours.manifest(corpus, size, model, folder / f"corpus-{copies}.yaml")
    data = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    for source in data["sources"]:
        source["path"] = str(corpus / source["name"])
    manifest.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return size / 1e6, ours.chain(manifest, folder / f"run-{copies}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--out", type=Path, default=Path("runs/bench"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/bench"))
    parser.add_argument(
        "--mb",
        type=float,
        default=16,
        help="with less, parts and the sample of the perplexity models are not full",
    )
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args()
    model = ours.train_tokenizer(options.corpus, options.cache / "tokenizer.model")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(options.corpus, folder / "sample", options.mb * 1e6 / text_bytes(options.corpus))
        # The first run compiles the kernels for a process that starts anew; it is not counted.
        measure(folder / "sample", folder, 1, model)
        (small, one), (large, many) = (
            measure(folder / "sample", folder, copies, model) for copies in (1, options.times)
        )
    factors = {
        "seconds_per_mb": (many.cpu_seconds / large) / (one.cpu_seconds / small),
        "peak_memory": many.peak_memory_mb / one.peak_memory_mb,
    }
    write_json(
        options.out / "scaling.json",
        {"mb": [small, large], "cost": [asdict(one), asdict(many)], "factors": factors},
    )
    print("| text, MB | CPU seconds | CPU seconds per MB | peak memory, MB |\n|--:|--:|--:|--:|")
    for size, cost in ((small, one), (large, many)):
        print(
            f"| {size:.1f} | {cost.cpu_seconds:.1f} | {cost.cpu_seconds / size:.3f} | "
            f"{cost.peak_memory_mb:.0f} |"
        )
    for factor, value in factors.items():
        print(f"{factor}: {value:.2f} times (allowed {ALLOWED[factor]})")
    return int(any(value > ALLOWED[factor] for factor, value in factors.items()))


if __name__ == "__main__":
    sys.exit(main())
