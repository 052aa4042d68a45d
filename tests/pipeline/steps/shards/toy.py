"""A small run up to the shards step: prose and code of Python's own library, and the Daodejing."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
import tokenize
from collections.abc import Mapping
from pathlib import Path
from pydoc_data.topics import topics
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
import yaml

from manifests.files import write_json
from manifests.schema.base import load
from manifests.schema.documents import MEASURED, PART_SHIFT
from manifests.schema.steps import Count, File, Part, StepManifest, merge_counts
from pipeline.models.tokenizer import Tokenizer, train
from pipeline.runtime.arrow_files import describe, write_batches
from pipeline.runtime.engines.beam_engine import BeamEngine
from pipeline.runtime.run import CorpusRun
from pipeline.steps.shards.shards_step import ShardsStep
from pipeline.text.contamination.ngram_index import build_index

DATA = Path(__file__).parents[3] / "data"
SOURCES = [
    {"name": "topics", "path": ".", "format": "text"},
    {"name": "library", "path": ".", "format": "tree", "kind": "code", "max_epochs": 2},
    {"name": "daodejing", "path": ".", "format": "text", "max_epochs": 3},
]

Document = tuple[str, str, str]
"""Source, language, text."""
Piece = tuple[str, str]
"""Id and ``meta`` of a piece of a document."""


def documents() -> list[Document]:
    """Some 270 documents: the help topics, modules and functions, and all runs of lines of the Daodejing's
    first chapters."""
    english = [("topics", "en", text) for _, text in sorted(topics.items())]
    modules = (inspect, json, textwrap, tokenize)
    code = [
        ("library", "code", text)
        for module in modules
        for text in [inspect.getsource(module), *functions(module)]
    ]
    return [*english, *code, *(("daodejing", "zh", text) for text in passages())]


def functions(module: ModuleType) -> list[str]:
    """From the module's file, not its namespace: torch puts functions of its own into ``inspect``."""
    source = inspect.getsource(module)
    lines = source.splitlines(keepends=True)
    return [
        "".join(lines[node.lineno - 1 : node.end_lineno])
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    ]


def passages() -> list[str]:
    lines = verses()
    return ["\n".join(lines[start:end]) for end in range(1, len(lines) + 1) for start in range(end)]


def verses() -> list[str]:
    """The Daodejing's 13 lines."""
    return (DATA / "zen_and_laozi.txt").read_text(encoding="utf-8").splitlines()[-13:]


def prepare(
    run: Path,
    rows: list[Document],
    parts: int = 3,
    rejected: tuple[Count, ...] = (),
    pieces: Mapping[str, Piece] = {},
) -> None:
    """The folders that the step reads: a tokenizer of the quality step, and documents of which every third
    has changed since. ``pieces`` by their texts."""
    model = run / "quality" / "tokenizer" / "part-00000.model"
    train((text for _, _, text in rows), 1200, model, seed=1)
    tokenizer = Tokenizer(model)
    made = [
        _part(run / "decontaminate", index, _batch(rows[index::parts], index, pieces), rejected)
        for index in range(parts)
    ]
    _manifest(run / "decontaminate", tuple(made), {})
    measured = [
        _part(run / "quality", index, _batch(rows[index::parts], index, pieces), ()) for index in range(parts)
    ]
    written = [_written(run / "quality", index, rows[index::parts], tokenizer) for index in range(parts)]
    left = {"tokenizer": [describe(model, run / "quality", 0)], "signals": written}
    _manifest(run / "quality", tuple(measured), left)


def _written(folder: Path, index: int, rows: list[Document], tokenizer: Tokenizer) -> File:
    """The quality step's tokens of a part, in a file whose batches are not the part's."""
    tokens = tokenizer.encode(pa.array([before(text) for _, _, text in rows]))
    path = folder / "signals" / f"part-{index:05d}.arrow"
    schema = pa.schema([("tokens", pa.list_(pa.uint32()))])
    path.parent.mkdir(exist_ok=True)
    with pa.ipc.new_file(path, schema) as writer:
        writer.write_table(pa.table([tokens], schema=schema), max_chunksize=11)
    return describe(path, folder, 0)


def before(text: str) -> str:
    """A text as the quality step saw it: every third with a first line that a later step cut."""
    return text if len(text) % 3 else f"This line was cut.\n{text}"


def _batch(rows: list[Document], part: int, pieces: Mapping[str, Piece]) -> pa.RecordBatch:
    sources, languages, texts = (list(column) for column in zip(*rows, strict=True))
    hashes = [xxhash.xxh3_128_digest(before(text).encode()) for text in texts]
    places = [part << PART_SHIFT | row for row in range(len(rows))]
    columns: dict[str, list[Any]] = {
        "source": sources,
        "language": languages,
        "text": texts,
        "hash": hashes,
        "tokens_at": places,
    }
    columns["id"] = [
        pieces[text][0] if text in pieces else f"{source}:{xxhash.xxh3_128_hexdigest(text.encode())}"
        for source, text in zip(sources, texts, strict=True)
    ]
    columns["meta"] = [pieces[text][1] if text in pieces else None for text in texts]
    return pa.RecordBatch.from_pydict(
        {name: columns.get(name, [None] * len(rows)) for name in MEASURED.names}, schema=MEASURED
    )


def _part(folder: Path, index: int, rows: pa.RecordBatch, rejected: tuple[Count, ...]) -> Part:
    kept = folder / f"part-{index:05d}.arrow"
    folder.mkdir(parents=True, exist_ok=True)
    write_batches(kept, MEASURED, [rows.slice(0, 17), rows.slice(17)])
    pairs = zip(rows["source"].to_pylist(), rows["language"].to_pylist(), strict=True)
    each = [
        (Count(source=source, language=language, reason="", documents=1, bytes=0),)
        for source, language in pairs
    ]
    lost = sum(count.documents for count in rejected)
    return Part(
        index=index,
        kept=describe(kept, folder, rows.num_rows),
        rejected=File(path=f"rejected/{kept.name}", sha256="", bytes=0, rows=lost),
        documents_in=rows.num_rows + lost,
        counts=merge_counts([*each, rejected]),
    )


def _manifest(folder: Path, parts: tuple[Part, ...], artifacts: dict[str, list[File]]) -> None:
    manifest = StepManifest(
        step=folder.name,
        step_version=1,
        fingerprint="",
        input_sha256="",
        settings={},
        documents_in=sum(part.documents_in for part in parts),
        documents_kept=sum(part.kept.rows for part in parts),
        counts=merge_counts(part.counts for part in parts),
        metrics={},
        parts=parts,
        files=tuple(file for files in artifacts.values() for file in files),
        artifacts={name: tuple(file.path for file in files) for name, files in artifacts.items()},
    )
    write_json(folder / "manifest.json", manifest.model_dump(mode="json"))


def benchmark(run: Path, item: str) -> list[dict[str, Any]]:
    """Leaves the index of a benchmark of one item behind, as the decontaminate step does; returns its
    setting."""
    path = run / "decontaminate" / "index" / "part-00000.npy"
    path.parent.mkdir()
    build_index(pa.array([item]), np.zeros(1, np.int64), 13, 20, 3, 0.01).save(path)
    parts = load(run / "decontaminate" / "manifest.json", StepManifest).parts
    _manifest(run / "decontaminate", parts, {"ngram_index": [describe(path, run / "decontaminate", 1)]})
    return [{"name": "questions", "path": "questions.jsonl", "text_fields": ["text"]}]


def run_step(
    folder: Path, run: Path, shards: dict[str, Any], benchmarks: list[dict[str, Any]] | None = None
) -> StepManifest:
    """Writes a corpus manifest with these shard settings to ``folder`` and runs the step in ``run``."""
    content = {
        "version": 1,
        "kind": "corpus",
        "name": "toy",
        "seed": 7,
        "sources": SOURCES,
        "language": {"model": "none"},
    }
    content |= {"quality": {"rules": []}, "privacy": {"actions": {}}, "shards": shards}
    content["decontaminate"] = {"benchmarks": benchmarks or []}
    path = folder / "corpus.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return CorpusRun(path, run, BeamEngine()).step(ShardsStep()).manifest
