"""Trusted text: documents of the reference sources of a run, as its language step kept them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.border.arrow_files import read_batches
from manifests.files import safe_join
from manifests.schema.base import ManifestError, load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import IDENTIFIED
from manifests.schema.steps import KEPT, StepManifest
from pipeline.judge.collection import Collection

MOST_DOCUMENTS = 2000
"""Of a source; of more, an even choice over its parts."""


@dataclass(frozen=True)
class TrustedText:
    """``collections`` by source, and the texts of each language."""

    collections: dict[str, Collection] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def trusted_text(run: Path, corpus: CorpusManifest) -> TrustedText:
    """Trusted documents of a run folder whose language step is done.

    Raises:
        ManifestError: no source is a reference, or no document of them is left.
    """
    manifest = load(run / "language" / "manifest.json", StepManifest)
    kinds = {source.name: source.kind for source in corpus.sources if source.reference}
    whole = Counter[str]()
    for count in manifest.counts:
        whole[count.source] += count.documents * (count.reason == KEPT and count.source in kinds)
    steps = {source: math.ceil(whole[source] / MOST_DOCUMENTS) for source in kinds if whole[source]}
    if not steps:
        raise ManifestError(
            "sources: none that has documents is trusted; write `reference: true` where text is known to be "
            "good"
        )
    documents, texts = _read(run / "language", manifest, steps)
    collections = {
        source: Collection(found, reference=True, kind=kinds[source]) for source, found in documents.items()
    }
    return TrustedText(collections, texts)


def _read(
    folder: Path, manifest: StepManifest, steps: dict[str, int]
) -> tuple[dict[str, dict[str, str]], dict[str, list[str]]]:
    documents: dict[str, dict[str, str]] = {source: {} for source in steps}
    texts: dict[str, list[str]] = defaultdict(list)
    seen = Counter[str]()
    for part in manifest.parts:
        for batch in read_batches(safe_join(folder, part.kept.path), IDENTIFIED):
            for row in _chosen(batch, steps, seen).to_pylist():
                documents[row["source"]][row["id"]] = row["text"]
                texts[row["language"]].append(row["text"])
    return documents, texts


def _chosen(batch: pa.RecordBatch, steps: dict[str, int], seen: Counter[str]) -> pa.RecordBatch:
    """Every n-th document of each source."""
    sources = batch.column("source").to_numpy(zero_copy_only=False)
    mask = np.zeros(batch.num_rows, bool)
    for source, step in steps.items():
        rows = np.flatnonzero(sources == source)
        mask[rows[(np.arange(len(rows)) + seen[source]) % step == 0]] = True
        seen[source] += len(rows)
    return batch.select(["id", "source", "language", "text"]).filter(pa.array(mask))
