"""Finished dedup runs for tests: the step on given rows, with its manifest, and what became of every
document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.border.arrow_files import open_table
from manifests.files import digest, write_json
from manifests.schema.dedup import DedupSettings
from manifests.schema.quality import QualitySettings
from manifests.schema.rules import Rule
from manifests.schema.steps import StepManifest, merge_counts, merge_metrics
from pipeline.runtime.engines.engine import Engine
from pipeline.steps.dedup.dedup_step import DedupStep
from tests.pipeline.steps.measured import context, corpus, measured


@dataclass(frozen=True)
class Finished:
    """``folder``: the step's. ``texts``, ``tokens_at`` and ``duplicates`` of kept documents, ``rejected`` and
    ``lost`` texts of others, by id."""

    folder: Path
    texts: dict[str, str]
    tokens_at: dict[str, int]
    duplicates: dict[str, int]
    rejected: dict[str, tuple[str, str]]
    lost: dict[str, str]
    metrics: dict[str, int]


def finish(
    folder: Path,
    rows: list[dict[str, Any]],
    settings: DedupSettings | None = None,
    parts: int = 2,
    engine: Engine | None = None,
    rules: Sequence[Rule] = (),
) -> Finished:
    """Runs the step on the rows, dealt out to parts, writes its manifest, and collects the outcome."""
    batches = [[measured(rows[index::parts])] if rows[index::parts] else [] for index in range(parts)]
    manifest = corpus(("best", "web"), settings)
    manifest = manifest.model_copy(update={"quality": QualitySettings(rules=tuple(rules))})
    run = context("dedup", folder, manifest, batches)
    step = DedupStep()
    identity = [step.settings(run.corpus), step.inputs(run), [part.kept.sha256 for part in run.inputs]]
    run = replace(run, fingerprint=digest(identity), engine=engine or run.engine)
    result = step.run(run)
    kept = pa.concat_tables([open_table(run.folder / part.kept.path) for part in result.parts]).to_pylist()
    rejected = pa.concat_tables(
        [open_table(run.folder / part.rejected.path) for part in result.parts]
    ).to_pylist()
    assert len(kept) + len(rejected) == len(rows)
    finished = StepManifest(
        step=step.name,
        step_version=step.version,
        fingerprint=run.fingerprint,
        input_sha256="",
        settings=step.settings(run.corpus),
        documents_in=len(rows),
        documents_kept=len(kept),
        counts=merge_counts(part.counts for part in result.parts),
        metrics=merge_metrics([result.metrics, *(part.metrics for part in result.parts)]),
        parts=tuple(result.parts),
        files=tuple(result.files),
    )
    write_json(run.folder / "manifest.json", finished.model_dump(mode="json"))
    return Finished(
        run.folder,
        {row["id"]: row["text"] for row in kept},
        {row["id"]: row["tokens_at"] for row in kept},
        {row["id"]: row["duplicates"] for row in kept},
        {row["id"]: (row["reason"], row["detail"]) for row in rejected},
        {row["id"]: row["text"] for row in rejected},
        finished.metrics,
    )


def names(*folders: Path) -> DedupSettings:
    """Settings with these finished runs as the index."""
    return DedupSettings(index=tuple(str(folder) for folder in folders))


def spread(values: Sequence[dict[str, Any]], **fields: Any) -> list[dict[str, Any]]:
    """The rows with the same further fields each."""
    return [{**row, **fields} for row in values]
