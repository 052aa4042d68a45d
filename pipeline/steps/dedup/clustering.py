"""Which documents are copies of which: the phases from keys to each document's survivor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from manifests.schema.dedup import DedupSettings
from pipeline.steps.dedup.buckets import Hashes, Ranges, bucket_count
from pipeline.steps.dedup.clusters import WriteOriginals, WriteSurvivors
from pipeline.steps.dedup.dedup_index import Index
from pipeline.steps.dedup.document_ids import DocumentIds
from pipeline.steps.dedup.group_files import PAIR
from pipeline.steps.dedup.key_phases import KeyPhases
from pipeline.steps.dedup.pairs import (
    HALF,
    AddSketches,
    Candidates,
    Compare,
    Halves,
    Similar,
    reduce_similar,
)
from pipeline.steps.dedup.priority import (
    DOCUMENT_BYTES,
    ByPriority,
    WriteRanks,
    WriteSplitters,
    reduce_priority,
)
from pipeline.steps.dedup.shuffle import BAND, HASH, Bands, Exact, ReduceBands, reduce_exact


@dataclass(frozen=True)
class Clusters:
    """``ranks``: uint64 [2, documents], see ``WriteRanks``. ``exact`` and ``survivors``: uint64
    [documents], by rank, the best document of the same hash and the one that a document is dropped for.
    ``metrics``: pairs that were compared, and that are similar."""

    ranks: Path
    exact: Path
    survivors: Path
    metrics: dict[str, int]


def cluster(
    phases: KeyPhases, known: DocumentIds, indexes: tuple[Index, ...], settings: DedupSettings
) -> Clusters:
    """Clusters all documents by their keys."""
    ranks = _ranks(phases, known, indexes)
    hashes = Hashes(bucket_count(known.documents * HASH.itemsize))
    equal = phases.group("exact", known.keys, Exact(known, ranks, buckets=hashes), reduce_exact, hashes.count)
    exact = phases.one("originals", WriteOriginals(known.documents, tuple(equal)))
    hashes = Hashes(bucket_count(known.documents * (settings.bands + 1) * BAND.itemsize))
    bands = Bands(known, ranks, exact, buckets=hashes)
    candidates = phases.group("bands", known.keys, bands, ReduceBands(known.old), hashes.count)
    similar = _similar(phases, known, ranks, candidates, settings.similarity)
    judge = WriteSurvivors(known, ranks, exact, tuple(similar), settings.similarity, indexes)
    survivors = phases.one("survivors", judge)
    metrics = {"candidates": _count(candidates), "verified_pairs": _count(similar)}
    return Clusters(ranks, exact, survivors, metrics)


def _ranks(phases: KeyPhases, known: DocumentIds, indexes: tuple[Index, ...]) -> Path:
    """The file of ``WriteRanks``."""
    own = known.documents - known.old
    buckets = Ranges(own, bucket_count(own * DOCUMENT_BYTES))
    splitters = phases.one("splitters", WriteSplitters(known, buckets.count), ".arrow")
    emit = ByPriority(known, splitters, buckets)
    ordered = phases.group("order", known.own, emit, reduce_priority, buckets.count)
    return phases.one("ranks", WriteRanks(known, indexes, tuple(ordered)))


def _similar(
    phases: KeyPhases, known: DocumentIds, ranks: Path, candidates: Sequence[Path], similarity: float
) -> list[Path]:
    """The files of similar pairs, sorted by the worse document."""
    numbers = Ranges(known.documents, bucket_count(_count(candidates) * HALF.itemsize))
    halves = phases.group(
        "pairs", candidates, Candidates(ranks, numbers), AddSketches(ranks, known, similarity), numbers.count
    )
    compare = Compare(known, similarity)
    similar = phases.group("compared", halves, Halves(numbers), compare, numbers.count)
    numbers = Ranges(known.documents, bucket_count(_count(similar) * PAIR.itemsize))
    return phases.group("similar", similar, Similar(numbers), reduce_similar, numbers.count)


def _count(pairs: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in pairs) // PAIR.itemsize
