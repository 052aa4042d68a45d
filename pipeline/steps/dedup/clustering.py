"""Which documents are copies of which: the phases from keys to each document's survivor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from manifests.schema.dedup import DedupSettings
from pipeline.steps.dedup.clusters import Pairs, VerifyPairs, WriteOriginals, WriteSurvivors
from pipeline.steps.dedup.dedup_index import Index
from pipeline.steps.dedup.document_ids import DocumentIds
from pipeline.steps.dedup.group_files import PAIR
from pipeline.steps.dedup.key_phases import KeyPhases
from pipeline.steps.dedup.priority import WritePriorities
from pipeline.steps.dedup.shuffle import BAND, HASH, Bands, Exact, ReduceBands, reduce_exact


@dataclass(frozen=True)
class Clusters:
    """``ranks``: uint32 [2, documents], see ``WritePriorities``. ``exact`` and ``survivors``: uint32
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
    ranks = phases.one("ranks", WritePriorities(known, indexes))
    size = known.documents * HASH.itemsize
    equal = phases.group("exact", known.keys, Exact(known, ranks), reduce_exact, size)
    exact = phases.one("originals", WriteOriginals(known.documents, tuple(equal)))
    size = known.documents * (settings.bands + 1) * BAND.itemsize
    bands = Bands(known, ranks, exact)
    candidates = phases.group("bands", known.keys, bands, ReduceBands(known.old), size)
    check = VerifyPairs(ranks, known, settings.similarity)
    size = _count(candidates) * PAIR.itemsize
    verified = phases.group("pairs", candidates, Pairs(known.documents), check, size)
    judge = WriteSurvivors(known, ranks, exact, tuple(verified), settings.similarity, indexes)
    survivors = phases.one("survivors", judge)
    metrics = {"candidates": _count(candidates), "verified_pairs": _count(verified)}
    return Clusters(ranks, exact, survivors, metrics)


def _count(pairs: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in pairs) // PAIR.itemsize
