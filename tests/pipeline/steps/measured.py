"""Documents as the quality step leaves them, and a context to run one later step on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from manifests.schema.corpus import CorpusManifest
from manifests.schema.decontaminate import DecontaminateSettings
from manifests.schema.dedup import DedupSettings
from manifests.schema.documents import MEASURED
from manifests.schema.steps import KEPT, Count, Part
from pipeline.runtime.arrow_files import describe, write_batches
from pipeline.runtime.context import StepContext
from pipeline.runtime.engines.open_engine import open_engine


def measured(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    """A batch of the schema MEASURED. Rows need ``id`` and ``text``; ``perplexity`` goes into the signals
    where there is such a signal."""
    signals = MEASURED.field("signals").type
    defaults = {"source": "web", "language": "en", "language_score": 1.0, "tokens_at": 7, "meta": "{}"}
    full = []
    for row in rows:
        values = {field.name: None for field in signals} | {"perplexity": row.get("perplexity")}
        hashed = xxhash.xxh3_128_digest(row["text"].encode())
        full.append(
            {
                **defaults,
                "hash": hashed,
                **row,
                "signals": {field.name: values[field.name] for field in signals},
            }
        )
    return pa.RecordBatch.from_pylist(
        [{name: row.get(name) for name in MEASURED.names} for row in full], schema=MEASURED
    )


def write_part(folder: Path, index: int, batches: Sequence[pa.RecordBatch]) -> Part:
    """Writes a part of kept documents as the step before would have."""
    path = folder / f"part-{index:05d}.arrow"
    rows = write_batches(path, MEASURED, batches)
    rejected = folder / "rejected" / path.name
    write_batches(rejected, MEASURED, [])
    count = Count(source="web", language="", reason=KEPT, documents=rows, bytes=0)
    counts = (count,) if rows else ()
    return Part(
        index=index,
        kept=describe(path, folder, rows),
        rejected=describe(rejected, folder, 0),
        documents_in=rows,
        counts=counts,
    )


def corpus(
    sources: Sequence[str] = ("web",),
    dedup: DedupSettings | None = None,
    benchmarks: DecontaminateSettings | None = None,
) -> CorpusManifest:
    """A corpus manifest with these settings and no real source."""
    return CorpusManifest.model_validate(
        {
            "version": 1,
            "kind": "corpus",
            "name": "test",
            "sources": [{"name": name, "path": ".", "format": "text"} for name in sources],
            "language": {"model": "none"},
            "quality": {"rules": []},
            "dedup": (dedup or DedupSettings()).model_dump(),
            "privacy": {"actions": {}},
            "decontaminate": (benchmarks or DecontaminateSettings()).model_dump(),
            "shards": {"budget": {"en": 1}},
        }
    )


def context(
    step: str, folder: Path, manifest: CorpusManifest, parts: Sequence[Sequence[pa.RecordBatch]]
) -> StepContext:
    """A context in ``folder`` whose input is these parts, run in process."""
    before = folder / "before"
    written = tuple(write_part(before, index, batches) for index, batches in enumerate(parts))
    return StepContext(
        step, manifest, folder, folder / step, before, written, open_engine("local", 1), "fingerprint"
    )
