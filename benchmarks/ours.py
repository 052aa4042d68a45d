"""Our side of the benchmarks: the whole chain as a user starts it, and the passes that other tools have too,
one by one."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import yaml

from benchmarks.cost import Cost, run
from benchmarks.sample import FILES, read
from manifests.border.arrow_files import read_batches
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import PROSE_LANGUAGES
from pipeline.models import tokenizer
from pipeline.runtime.batch_result import BatchPosition
from pipeline.steps.language.language_step import IdentifyLanguage
from pipeline.steps.privacy.privacy_step import Scrub
from pipeline.text.quality_signals.signals import measure
from pipeline.text.similarity.minhash import permutations, signatures

HERE = Path(__file__).parent
MANIFEST = HERE / "shared_corpus.yaml"
BUDGET = {"en": 0.1, "zh": 0.07, "code": 0.035}
"""Tokens in the shards, by byte of the whole corpus: most of what is there."""
REFERENCE_TOKENS = 2_000_000
PIECES, TOKENIZER_BYTES = 8000, 4_000_000
ROUNDS = 5


def train_tokenizer(corpus: Path, model: Path, pieces: int = PIECES) -> Path:
    """A tokenizer of the corpus, trained once and then given to both sides, as mT5's would be."""
    if not model.exists():
        texts: list[str] = []
        for name in FILES.values():
            size = 0
            for record in read(corpus / name):
                if size < TOKENIZER_BYTES // len(FILES):
                    texts.append(record["text"])
                    size += len(record["text"].encode())
        model.parent.mkdir(parents=True, exist_ok=True)
        tokenizer.train(texts, pieces, model, seed=1)
    return model


def manifest(corpus: Path, size: int, model: Path, file: Path) -> Path:
    """Writes the manifest of a run: ``MANIFEST`` over the files of ``corpus`` (``size`` bytes of text), with
    a given tokenizer, a small sample for the perplexity models, and without instruction pairs, which no rival
    makes."""
    data = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    for source in data["sources"]:
        source["path"] = str((corpus / FILES[source["name"]]).resolve())
    for benchmark in data["decontaminate"]["benchmarks"]:
        benchmark["path"] = str((HERE / benchmark["path"]).resolve())
    data["language"]["model"] = str((HERE / data["language"]["model"]).resolve())
    data["quality"]["tokenizer"] = {"model": str(model.resolve())}
    data["quality"]["perplexity"] = {"max_reference_tokens": REFERENCE_TOKENS}
    shards = {
        "budget": {language: int(share * size) for language, share in BUDGET.items()},
        "shard_tokens": "1 M",
        "tolerance": 0.01,
    }
    file.write_text(yaml.safe_dump({**data, "shards": shards}, allow_unicode=True), encoding="utf-8")
    return file


def chain(manifest_file: Path, folder: Path) -> Cost:
    """All seven steps in a process of their own, one worker."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "corpus",
        "--corpus",
        str(manifest_file),
        "--run",
        str(folder),
        "--workers",
        "1",
    ]
    return run(command, folder.with_suffix(".log"))


def kept_by_quality(folder: Path) -> list[str]:
    """The records' own ids of the documents that a run's quality step kept."""
    batches = [
        batch for path in sorted((folder / "quality").glob("part-*.arrow")) for batch in read_batches(path)
    ]
    return [orjson.loads(meta)["id"] for batch in batches for meta in batch.column("meta").to_pylist()]


def step_speeds(manifest_file: Path, folder: Path) -> dict[str, float]:
    """MB of text per CPU second of single passes over the documents of a run, in this process, after a
    warm-up."""
    corpus = load(manifest_file, CorpusManifest)
    code = tuple(source.name for source in corpus.sources if source.kind == "code")
    ingested = _documents(folder / "ingest")
    measured = _documents(folder / "quality")
    parameters = permutations(corpus.dedup.bands * corpus.dedup.rows, corpus.dedup.seed)
    language = IdentifyLanguage(Path(corpus.language.model), corpus.language, code)
    scrub = Scrub(corpus.privacy)
    language.setup()
    scrub.setup()
    where = BatchPosition(0, 0)
    passes: Mapping[str, tuple[Callable[[pa.RecordBatch], object], list[pa.RecordBatch]]] = {
        "signals": (signals_of, measured),
        "minhash": (lambda batch: signatures(batch.column("text"), parameters), measured),
        "privacy": (lambda batch: scrub.process(batch, where), measured),
        "language": (lambda batch: language.process(batch, where), ingested),
    }
    return {name: speeds(work, batches)[0] for name, (work, batches) in passes.items()}


def signals_of(batch: pa.RecordBatch) -> object:
    """The pass of the quality step: markup of prose is set aside, then all signals are measured."""
    prose = np.isin(batch.column("language").to_numpy(zero_copy_only=False), PROSE_LANGUAGES)
    return measure(batch.column("text"), prose)


def _documents(folder: Path) -> list[pa.RecordBatch]:
    return [batch for path in sorted(folder.glob("part-*.arrow")) for batch in read_batches(path)]


def speeds(
    work: Callable[[pa.RecordBatch], object], batches: Sequence[pa.RecordBatch]
) -> tuple[float, float]:
    """MB of text for each CPU second, in the best of ``ROUNDS`` and in the worst: what other processes do to
    the caches, or a first round that reads from the disk, only ever costs time."""
    work(batches[0].slice(0, 20))
    size = sum(batch.column("text").nbytes for batch in batches)
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for batch in batches:
            work(batch)
        rounds.append(time.process_time() - started)
    return size / 1e6 / min(rounds), size / 1e6 / max(rounds)


def documents(folder: Path) -> dict[str, Any]:
    """How many documents each step of a run kept."""
    found = {}
    for path in sorted(folder.glob("*/manifest.json"), key=lambda path: path.stat().st_mtime_ns):
        step = json.loads(path.read_text(encoding="utf-8"))
        found[step["step"]] = step["documents_kept"]
    return found
