"""The dedup step: which phases there are, and in what order.

1. ``keys`` (one pass over the text): content hash, MinHash signature and paragraph hashes of every document.
2. ``ranks``: the order in which documents would rather be kept.
3. ``exact`` (grouping) and ``originals``: documents with equal hashes; only the best of each goes on.
4. ``bands`` (grouping), ``verified``, ``survivors``: near-duplicates by LSH, checked by their signatures, joined into clusters.
5. ``paragraphs`` (grouping), ``cuts``: paragraphs of the documents that stand, in all places but the first.
6. ``decisions``, and the second pass over the text, which carries them out.

Memory, for n documents with p hashed paragraphs: ranking and clustering hold 24 n bytes at most, a grouping 1/256 of its packed keys in
each worker (and, on engines without spilling, all of them in the driver: 168 n bytes for the bands, 16 p for the paragraphs).
Disk: 4 x bands x rows bytes a document, twice, which is 0.9 kB with the defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from manifests.schema.corpus import CorpusManifest
from pipeline.context import StepContext
from pipeline.dedup.apply import Apply
from pipeline.dedup.clusters import Verify, WriteSignatures, WriteSurvivors, histogram
from pipeline.dedup.decisions import WriteCuts, WriteDecisions
from pipeline.dedup.groups import PAIR, Bands, Exact, Paragraphs, reduce_bands, reduce_exact, reduce_paragraphs
from pipeline.dedup.keys import Keys, first_numbers
from pipeline.dedup.ranks import WriteRanks, view
from pipeline.step import Step, StepResult


class DedupStep(Step):
    """Removes repeated documents, paragraphs and characters. The same documents give the same survivors, however they are ordered."""

    name = "dedup"
    version = 1

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        return {"dedup": corpus.dedup.model_dump(), "sources": [source.name for source in corpus.sources]}

    def run(self, context: StepContext) -> StepResult:
        settings = context.corpus.dedup
        keys = context.extract("keys", Keys(settings, tuple(source.name for source in context.corpus.sources)))
        firsts = tuple(first_numbers(keys).tolist())
        ranks = self._one(context, "ranks", WriteRanks(tuple(keys)))
        signatures = self._one(context, "signatures", WriteSignatures(tuple(keys), settings.bands * settings.rows))
        equal = context.group("exact", keys, Exact(ranks, firsts), reduce_exact)
        exact = self._one(context, "originals", WriteSurvivors(firsts[-1], tuple(equal)))
        candidates = context.group("bands", keys, Bands(ranks, firsts, exact, bands=settings.bands, rows=settings.rows), reduce_bands)
        check = Verify(tuple(candidates), ranks, signatures, settings.similarity)
        verified = context.each("verified", check, len(candidates), suffix=".pairs")
        survivors = self._one(context, "survivors", WriteSurvivors(firsts[-1], tuple(verified), exact))
        cuts = self._cuts(context, keys, Paragraphs(ranks, firsts, survivors), ranks) if settings.paragraphs else None
        write = WriteDecisions(tuple(keys), firsts, ranks, signatures, exact, survivors, cuts)
        decisions = context.each("decisions", write, len(keys))
        parts = context.map(Apply(settings, {part.index: path for part, path in zip(context.inputs, decisions, strict=True)}))
        pairs = {"candidates": _count(candidates), "verified_pairs": _count(verified)}
        return StepResult(parts, metrics=pairs | histogram(np.asarray(view(survivors))))

    @staticmethod
    def _one(context: StepContext, phase: str, work: Any) -> Path:
        return context.each(phase, work, 1, suffix=".npy")[0]

    def _cuts(self, context: StepContext, keys: Sequence[Path], emit: Paragraphs, ranks: Path) -> Path:
        repeated = context.group("paragraphs", keys, emit, reduce_paragraphs)
        return self._one(context, "cuts", WriteCuts(tuple(repeated), ranks))


def _count(pairs: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in pairs) // PAIR.itemsize
