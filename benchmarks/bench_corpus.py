"""Our chain and its steps against datatrove's, on the same documents, in one run, one worker each.

Several minutes; needs PyPI the first time.

    make bench-corpus       or       python -m benchmarks.bench_corpus [--corpus FOLDER] [--sample-mb 20 |
    --full]

Only CPU time counts (user and system, of all processes), so that other load on the machine does not decide;
the sides take turns twice, and the better of their rounds counts, for what others do to caches and memory
only ever slows a round down. datatrove takes minutes for 20 MB, so it gets a sample of the documents, chosen
by hash; we run on the same sample too, so that fixed costs show on both sides, and on the whole corpus.
``--full`` gives datatrove everything. Set-up, downloads and the training of the tokenizer are not timed on
either side.

What each side does:

- Ours: the seven steps as ``python -m pipeline corpus``: ingest (charset, repair, hashes), language, signals
  and rules, perplexity models (trained and applied), exact, paragraph and near duplicates (verified),
  privacy, decontamination against 22,795 items, tokens, balanced shards. Every part is hashed, every reject
  kept.
- datatrove: JSON lines, fastText language filter (the same model), Gopher repetition, Gopher, C4 and FineWeb
  quality, MinHash 14 x 8 (signatures, buckets, clusters, filter), e-mail and IP replacement, tokens with the
  same pieces. No perplexity, exact or paragraph duplicates, or decontamination. ``datatrove_job`` says how
  both sides come to work on the same documents.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import dedup_quality, ours
from benchmarks.cost import Cost, run
from benchmarks.rival import IDENTIFIER, Datatrove, fast_tokenizer
from benchmarks.sample import FILES, draw, text_bytes
from manifests.files import write_json

JOB = Path(__file__).parent / "datatrove_job.py"
ROUNDS = 2
STEPS = {
    "signals": "Gopher repetition, Gopher, C4, FineWeb filters",
    "minhash": "MinHash signatures (shingles included)",
    "privacy": "PII formatter (e-mail, IP)",
    "language": "language filter",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        default=Path("../shared/corpus"),
        help="folder of en, zh and code_pypi .jsonl.gz",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/bench"))
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/bench"), help="datatrove's environment and the tokenizer"
    )
    parser.add_argument(
        "--sample-mb",
        type=float,
        default=20,
        help="text for datatrove; below 10, its fixed costs count too much",
    )
    parser.add_argument(
        "--full", action="store_true", help="the whole corpus for datatrove: four times as long"
    )
    options = parser.parse_args()
    missing = [str(options.corpus / name) for name in FILES.values() if not (options.corpus / name).exists()]
    if missing:
        print(
            f"error: {', '.join(missing)}: not there; name the corpus folder with --corpus", file=sys.stderr
        )
        return 1
    result = compare(
        options.corpus, options.out, options.cache, None if options.full else options.sample_mb * 1e6
    )
    write_json(options.out / "corpus.json", result)
    (options.out / "corpus.md").write_text(table(result), encoding="utf-8")
    print(table(result))
    return 0


def compare(corpus: Path, out: Path, cache: Path, sample_bytes: float | None) -> dict[str, Any]:
    """Everything that ``corpus.json`` holds. ``sample_bytes`` None: datatrove gets the whole corpus."""
    out.mkdir(parents=True, exist_ok=True)
    datatrove = Datatrove(cache / "datatrove")
    datatrove.install(IDENTIFIER)
    model = ours.train_tokenizer(corpus, cache / "tokenizer.model")
    size = text_bytes(corpus)
    sample, sample_size = corpus, size
    if sample_bytes is not None:
        sample = out / "sample"
        sample_size = draw(corpus, sample, sample_bytes / size)
    small_manifest = ours.manifest(sample, sample_size, model, out / "sample.yaml")
    manifest = ours.manifest(corpus, size, model, out / "corpus.yaml")
    # The first run of all compiles the kernels for a process that starts anew; it is not counted.
    small = [ours.chain(small_manifest, out / "ours-sample") for _ in range(2)][1]
    job = _datatrove_job(sample, out, fast_tokenizer(model, out / "tokenizer.json"))
    rounds = [
        (ours.chain(manifest, out / "ours"), _datatrove(datatrove, "chain", job)) for _ in range(ROUNDS)
    ]
    whole, theirs = (min(costs, key=lambda cost: cost.cpu_seconds) for costs in zip(*rounds, strict=True))
    _datatrove(datatrove, "steps", job)
    their_steps = json.loads((job.parent / "steps.json").read_text(encoding="utf-8"))
    our_steps = ours.step_speeds(manifest, out / "ours")
    ours_speed, their_speed = size / 1e6 / whole.cpu_seconds, sample_size / 1e6 / theirs.cpu_seconds
    return {
        "chain": {"ours": ours_speed, "datatrove": their_speed, "ratio": ours_speed / their_speed},
        "steps": our_steps,
        "steps_datatrove": their_steps,
        "dedup": dedup_quality.measure(corpus),
        "corpus_mb": size / 1e6,
        "sample_mb": sample_size / 1e6,
        "cost": {
            "ours": asdict(whole),
            "ours_on_sample": asdict(small),
            "datatrove_on_sample": asdict(theirs),
        },
        "documents": {
            "ours": ours.documents(out / "ours"),
            "ours_on_sample": ours.documents(out / "ours-sample"),
        },
    }


def _datatrove_job(sample: Path, out: Path, tokenizer: Path) -> Path:
    """Writes the settings of datatrove's jobs on the sample."""
    folder = out / "datatrove"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(folder / "keep.json", ours.kept_by_quality(out / "ours-sample"))
    work, steps = folder / "work", folder / "steps.json"
    paths = {
        "sample": sample,
        "work": work,
        "tokenizer": tokenizer,
        "keep": folder / "keep.json",
        "out": steps,
    }
    settings = folder / "job.json"
    write_json(settings, {"files": FILES, **{name: str(path.resolve()) for name, path in paths.items()}})
    return settings


def _datatrove(datatrove: Datatrove, what: str, settings: Path) -> Cost:
    """The cost of its ``chain``, or of running its blocks one by one (``steps``)."""
    shutil.rmtree(settings.parent / "work", ignore_errors=True)  # it would find its own work done
    (settings.parent / "work").mkdir()
    return run(
        [datatrove.python, str(JOB), what, str(settings)],
        settings.with_name(f"{what}.log"),
        datatrove.environment,
    )


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    cost, chain = result["cost"], result["chain"]
    lines = ["| one worker, MB of text per CPU second | ours | datatrove | ratio |", "|---|--:|--:|--:|"]
    lines.append(
        f"| whole chain, read to shards | {chain['ours']:.2f} | {chain['datatrove']:.2f} | "
        f"{chain['ratio']:.1f} |"
    )
    small = result["sample_mb"] / cost["ours_on_sample"]["cpu_seconds"]
    lines.append(
        f"| the same, both on the sample | {small:.2f} | {chain['datatrove']:.2f} | "
        f"{small / chain['datatrove']:.1f} |"
    )
    for name, theirs in STEPS.items():
        mine, other = result["steps"][name], result["steps_datatrove"][name]
        lines.append(f"| {name}; datatrove: {theirs} | {mine:.1f} | {other:.2f} | {mine / other:.0f} |")
    peaks = f"{cost['ours']['peak_memory_mb']:.0f} | {cost['datatrove_on_sample']['peak_memory_mb']:.0f}"
    lines += [f"| peak memory, MB | {peaks} | |", ""]
    seconds = {side: found["cpu_seconds"] for side, found in cost.items()}
    lines.append(
        f"Ours on {result['corpus_mb']:.1f} MB in {seconds['ours']:.1f} CPU seconds; the sample has "
        f"{result['sample_mb']:.1f} MB,"
    )
    lines.append(
        f"chosen by hash: datatrove {seconds['datatrove_on_sample']:.1f} CPU seconds, ours "
        f"{seconds['ours_on_sample']:.1f}."
    )
    lines += [
        "",
        "| near-duplicates, exact Jaccard | recall at .8 | removed without neighbour at .7 |",
        "|---|--:|--:|",
    ]
    for language, found in result["dedup"].items():
        lines.append(f"| {language} | {found['recall']:.4f} | {found['false_removals']:.4f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
