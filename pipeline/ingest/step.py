"""Ingest: the sources' files become documents, repaired and hashed; what cannot be read becomes a counted reject."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from manifests.files import sha256, write_json
from manifests.schema.corpus import CorpusManifest, IngestSettings, Source
from manifests.schema.documents import INGESTED
from pipeline.context import StepContext
from pipeline.ingest.plan import find_files, plan_parts
from pipeline.ingest.reader import PartReader
from pipeline.outcome import Outcome, Position, decide
from pipeline.step import PartTask, Step, StepResult, Transform
from pipeline.text.repair import repair

CACHE = ".inputs.json"


class MakeDocuments(Transform):
    """Raw records -> documents: source's ``strip`` patterns, repair, hash, and the first checks."""

    schema = INGESTED

    def __init__(self, sources: tuple[Source, ...], settings: IngestSettings) -> None:
        self._sources = sources
        self._settings = settings

    def process(self, batch: pa.RecordBatch, where: Position) -> Outcome:
        source = self._sources[int(batch.schema.metadata[b"source"])]
        texts, metrics = repair(batch.column("text"))
        for pattern in source.strip:
            texts = pc.replace_substring_regex(texts, pattern, "")
        texts = pc.utf8_trim(texts, " \t\n\u3000")
        reason, detail = self._judge(texts, batch.column("reason"), batch.column("detail"))
        rows = batch.num_rows
        documents = pa.RecordBatch.from_arrays(
            [
                pc.binary_join_element_wise(source.name, batch.column("key"), ":"),
                texts,
                pa.repeat(source.name, rows),
                batch.column("url"),
                pc.fill_null(batch.column("license"), source.license) if source.license else batch.column("license"),
                pa.array([xxhash.xxh3_128_digest(text.as_buffer()) for text in texts], pa.binary(16)),
                batch.column("meta"),
            ],
            names=INGESTED.names,
        )
        return decide("ingest", documents, reason, detail, metrics | _charsets(batch.column("charset")))

    def _judge(self, texts: pa.StringArray, reason: pa.Array, detail: pa.Array) -> tuple[pa.Array, pa.Array]:
        size = pc.binary_length(texts)
        null = pa.scalar(None, pa.string())
        found = pc.if_else(pc.equal(size, 0), "empty", pc.if_else(pc.greater(size, self._settings.max_document_bytes), "too_long", null))
        own = pc.binary_join_element_wise(pc.cast(size, pa.string()), "bytes", " ")
        return pc.coalesce(reason, found), pc.coalesce(detail, own)


def _charsets(charsets: pa.Array) -> dict[str, int]:
    counts = Counter(charsets.to_pylist())
    return {f"charset/{name or 'unknown'}": number for name, number in sorted(counts.items(), key=str) if name != "utf-8"}


class IngestStep(Step):
    """Reads JSON lines, plain text and source trees."""

    name = "ingest"
    version = 1

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        sources = [source.model_dump(mode="json", exclude={"reference", "max_epochs", "max_tokens"}) for source in corpus.sources]
        return {"ingest": corpus.ingest.model_dump(mode="json"), "sources": sources}

    def inputs(self, context: StepContext) -> dict[str, str]:
        cache = _HashCache(context.folder / CACHE)
        files = self._files(context)
        sources = context.corpus.sources
        hashes = {f"{source.name}/{name}": cache.sha256(path) for source, found in zip(sources, files, strict=True) for name, path in found}
        cache.save()
        return hashes

    def run(self, context: StepContext) -> StepResult:
        sources = context.corpus.sources
        plan = plan_parts(sources, self._files(context), context.corpus.ingest.part_bytes)
        tasks = [PartTask(index, PartReader(sources, tuple(pieces))) for index, pieces in enumerate(plan)]
        empty = sum(path.stat().st_size == 0 for found in self._files(context) for _, path in found)
        parts = context.map(MakeDocuments(sources, context.corpus.ingest), tasks)
        return StepResult(parts, {"files/read": sum(map(len, self._files(context))), "files/empty": empty})

    @staticmethod
    def _files(context: StepContext) -> list[list[tuple[str, Path]]]:
        return [find_files(source, context.resolve(source.path)) for source in context.corpus.sources]


class _HashCache:
    """SHA-256 of files, remembered by path, size and time of change, so that a run with nothing to do reads nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._known: dict[str, list[Any]] = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            self._known = {}
        self._seen: dict[str, list[Any]] = {}

    def sha256(self, path: Path) -> str:
        status = path.stat()
        known = self._known.get(str(path))
        if known is None or known[:2] != [status.st_size, status.st_mtime_ns]:
            known = [status.st_size, status.st_mtime_ns, sha256(path)]
        self._seen[str(path)] = known
        return str(known[2])

    def save(self) -> None:
        write_json(self._path, self._seen)
