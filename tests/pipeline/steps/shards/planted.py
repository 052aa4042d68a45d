"""A run of the steps from quality to shards on real passages with planted clusters of near duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import pyarrow as pa
import xxhash
import yaml

from manifests.files import write_json
from manifests.schema.documents import IDENTIFIED, REJECTED
from manifests.schema.steps import Count, Part, StepManifest, merge_counts
from pipeline.runtime.arrow_files import describe, write_batches
from pipeline.runtime.engines.engine import Engine
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.run import CorpusRun
from pipeline.steps.registry import STEP_CLASSES
from tests.pipeline.steps.dedup.test_dedup_step import PEACH, YUEYANG

WORDS = 60
STEPS = ("quality", "dedup", "privacy", "decontaminate", "shards")
RULE = {"name": "disliked", "signal": "characters", "max": 0, "languages": ["en", "zh"]}

Row = tuple[str, str, str]
"""Source, language, text. The quality step rejects what is of the source ``disliked``."""


def passages(number: int) -> list[str]:
    """Passages of Python's help topics, no two of which have five words in a row in common."""
    words = " ".join(text for _, text in sorted(topics.items())).split()
    found, seen = list[str](), set[tuple[str, ...]]()
    for start in range(0, len(words) - WORDS, WORDS):
        cut = words[start : start + WORDS]
        shingles = {tuple(cut[place : place + 5]) for place in range(WORDS - 4)}
        if not shingles & seen:
            found.append(" ".join(cut))
        seen |= shingles
    return found[:number]


def copies(text: str, number: int, source: str = "web", language: str = "en") -> list[Row]:
    """A text and its near duplicates."""
    return [(source, language, f"{text} Copy {copy}." if copy else text) for copy in range(number)]


def planted() -> list[Row]:
    """Of each size, clusters of English passages: 160 of one, 12 of two, 6 of five, one of fifty. And two
    Chinese texts, one with a copy."""
    texts = iter(passages(179))
    rows = [("web", "en", next(texts)) for _ in range(160)]
    for number, size in ((12, 2), (6, 5), (1, 50)):
        rows += [row for _ in range(number) for row in copies(next(texts), size)]
    return [*rows, *copies(PEACH, 2, language="zh"), *copies(YUEYANG, 1, language="zh")]


def prepare(run: Path, rows: Sequence[Row], parts: int = 3) -> None:
    """The language step's folder with these documents."""
    folder = run / "language"
    made = tuple(_part(folder, index, rows[index::parts]) for index in range(parts))
    manifest = StepManifest(
        step="language",
        step_version=1,
        fingerprint="",
        input_sha256="",
        settings={},
        documents_in=len(rows),
        documents_kept=len(rows),
        counts=merge_counts(part.counts for part in made),
        metrics={},
        parts=made,
    )
    write_json(folder / "manifest.json", manifest.model_dump(mode="json"))


def _part(folder: Path, index: int, rows: Sequence[Row]) -> Part:
    kept, rejected = (folder / name / f"part-{index:05d}.arrow" for name in ("", "rejected"))
    rejected.parent.mkdir(parents=True, exist_ok=True)
    batch = pa.RecordBatch.from_pylist([_document(*row) for row in rows], schema=IDENTIFIED)
    write_batches(kept, IDENTIFIED, [batch])
    write_batches(rejected, REJECTED, [])
    each = [
        (Count(source=source, language=language, reason="", documents=1, bytes=len(text.encode())),)
        for source, language, text in rows
    ]
    return Part(
        index=index,
        kept=describe(kept, folder, len(rows)),
        rejected=describe(rejected, folder, 0),
        documents_in=len(rows),
        counts=merge_counts(each),
    )


def _document(source: str, language: str, text: str) -> dict[str, Any]:
    digest = xxhash.xxh3_128(text.encode())
    return {
        "id": f"{source}:{digest.hexdigest()}",
        "text": text,
        "source": source,
        "hash": digest.digest(),
        "meta": "{}",
        "language": language,
        "language_score": 1.0,
    }


def run_steps(
    run: Path,
    shards: dict[str, Any],
    max_epochs: float = 10,
    steps: Sequence[str] = STEPS,
    engine: Engine | None = None,
    dedup: dict[str, Any] | None = None,
) -> StepManifest:
    """Runs these steps with these shard settings; the last one's manifest."""
    sources = [
        {"name": name, "path": ".", "format": "text", "max_epochs": max_epochs}
        for name in ("web", "books", "disliked")
    ]
    content = {
        "version": 1,
        "kind": "corpus",
        "name": "planted",
        "seed": 7,
        "sources": sources,
        "language": {"model": "none"},
        "quality": {
            "rules": [RULE | {"spare": {"sources": ["web", "books"]}}],
            "perplexity": None,
            "tokenizer": {"pieces": 1500, "sample_bytes": 200_000},
        },
        "dedup": dedup or {},
        "privacy": {"actions": {}},
        "shards": {"heldout": 0, "tolerance": 0.01} | shards,
    }
    file = run / "corpus.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    corpus = CorpusRun(file, run, engine or open_engine("local", 1))
    return [corpus.step(STEP_CLASSES[name]()).manifest for name in steps][-1]
