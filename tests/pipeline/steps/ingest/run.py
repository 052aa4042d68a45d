"""Runs the ingest step on a folder of files, as the pipeline does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.border.arrow_files import open_table
from manifests.files import digest
from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import KEPT, merge_metrics
from pipeline.runtime.context import StepContext
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.steps.ingest.ingest_step import IngestStep


@dataclass(frozen=True)
class Ingested:
    """Kept and rejected documents of all parts, metrics, and the number of parts."""

    kept: pa.Table
    rejected: pa.Table
    metrics: dict[str, int]
    parts: int

    @property
    def texts(self) -> list[str]:
        return self.kept.column("text").to_pylist()

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """(id, reason) of the rejected documents."""
        return list(
            zip(
                self.rejected.column("id").to_pylist(),
                self.rejected.column("reason").to_pylist(),
                strict=True,
            )
        )


def corpus(*sources: dict[str, Any], **ingest: int) -> CorpusManifest:
    """A corpus manifest of which only the sources and the ingest settings matter."""
    return CorpusManifest.model_validate(
        {
            "version": 1,
            "kind": "corpus",
            "name": "test",
            "sources": list(sources),
            "ingest": ingest,
            "language": {"model": "none"},
            "quality": {"rules": []},
            "privacy": {"actions": {}},
            "shards": {"budget": {"en": 1}},
        }
    )


def context(base: Path, manifest: CorpusManifest) -> StepContext:
    folder = base / "runs" / "ingest"
    folder.mkdir(parents=True, exist_ok=True)
    return StepContext("ingest", manifest, base, folder, None, (), open_engine("local", 1), "unset")


def ingest(base: Path, *sources: dict[str, Any], **settings: int) -> Ingested:
    """What becomes of the sources, whose paths are relative to ``base``."""
    step, manifest = IngestStep(), corpus(*sources, **settings)
    here = context(base, manifest)
    here = replace(here, fingerprint=digest([step.settings(manifest), step.inputs(here)]))
    result = step.run(here)
    counted = [count for part in result.parts for count in part.counts]
    kept = pa.concat_tables([open_table(here.folder / part.kept.path) for part in result.parts])
    rejected = pa.concat_tables([open_table(here.folder / part.rejected.path) for part in result.parts])
    assert sum(count.documents for count in counted if count.reason == KEPT) == len(kept)
    assert sum(part.documents_in for part in result.parts) == len(kept) + len(rejected)
    return Ingested(
        kept,
        rejected,
        merge_metrics([*(part.metrics for part in result.parts), result.metrics]),
        len(result.parts),
    )
