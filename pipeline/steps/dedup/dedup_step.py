"""The dedup step: which phases there are, and in what order.

1. ``keys`` (one pass over the text): content hash, LSH bands, sketch and paragraph hashes of every document.
2. ``splitters``, ``order`` (grouping) and ``ranks``: the order in which documents would rather be kept.
3. ``exact`` (grouping) and ``originals``: documents with equal hashes; only the best of each goes on.
4. ``bands`` (grouping): candidates by LSH. ``pairs``, ``compared`` and ``similar`` (groupings): each pair
   once, checked by its sketches. ``survivors`` and ``sizes``: each document's verdict, best rank first.
5. ``paragraphs`` (grouping): paragraphs of the documents that are kept, in all places but the first.
   ``places`` (grouping): by document.
   ``asked`` and ``told`` (groupings): of the documents that others are dropped for or have their paragraphs
   in, what decisions name.
6. ``decisions``; ``cuts`` and ``removed``: the paragraphs that go; and the second pass over the text.

With an ``index`` (``index``), the documents of earlier runs take part in 3 to 5 by their keys, ahead of the
run's own and untouched.

Memory, beside one part's batches in each worker: a part's keys, a buffer of them, or a bucket (``buckets``).
Ranks, originals, survivors and sizes are files that are memory-mapped, of 36 bytes a document in all, which
the system drops from memory when it needs some; of key files one is open at a time.
Disk, for a document of p hashed paragraphs: keys 8 x bands + 512 + 8 p bytes and its id, which is 0.7 kB with
the defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.border.arrow_files import row_count
from manifests.border.npy_files import mapped_array
from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import File
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.context import StepContext
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.steps.dedup.buckets import Hashes, Ranges, bucket_count
from pipeline.steps.dedup.clustering import Clusters, cluster
from pipeline.steps.dedup.clusters import WriteSizes, histogram
from pipeline.steps.dedup.cuts import WriteCuts
from pipeline.steps.dedup.decisions import WriteDecisions
from pipeline.steps.dedup.dedup_index import COMPARABLE, manifest_hash, open_indexes, write_index
from pipeline.steps.dedup.document_ids import DocumentIds, document_ids, paragraph_count
from pipeline.steps.dedup.filter import FilterDuplicates
from pipeline.steps.dedup.key_phases import KeyPhases
from pipeline.steps.dedup.paragraph_cuts import length_rules
from pipeline.steps.dedup.removed import WriteRemoved
from pipeline.steps.dedup.shuffle import PARAGRAPH, Cuts, Paragraphs, ReduceParagraphs, reduce_cuts
from pipeline.steps.dedup.signatures import ComputeSignatures
from pipeline.steps.dedup.told import ASKED_BYTES, Answer, Asked, Told, ToldFiles, dropped, reduce_told


class DedupStep(Step):
    """Removes repeated documents, paragraphs and characters. The same documents give the same survivors,
    however they are ordered."""

    name = "dedup"
    version = 6

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        lengths = [rule.model_dump(mode="json") for rule in length_rules(corpus.quality)]
        sources = [source.name for source in corpus.sources]
        return {"dedup": corpus.dedup.model_dump(), "sources": sources, "lengths": lengths}

    def inputs(self, context: StepContext) -> dict[str, str]:
        return {
            f"index/{number}": manifest_hash(name, folder)
            for number, (name, folder) in enumerate(index_folders(context))
        }

    def run(self, context: StepContext) -> StepResult:
        settings = context.corpus.dedup
        indexes = open_indexes(index_folders(context), settings, self.version)
        known = document_ids([path for index in indexes for path in index.keys], self._keys(context))
        phases = KeyPhases(context)
        found = cluster(phases, known, indexes, settings)
        sizes = phases.one("sizes", WriteSizes(found.survivors, known.old))
        cuts, numbers = paragraph_cuts(phases, known, found) if settings.paragraphs else ([], Ranges(1))
        told = told_files(phases, known, found, cuts)
        write = WriteDecisions(
            known, indexes, found.ranks, found.exact, found.survivors, sizes, told, tuple(cuts), numbers
        )
        decisions = Phases(context).each("decisions", write, len(known.own))
        planned = self._planned(context, decisions)
        removed = self._removed(context, WriteRemoved(readers_of(context), tuple(planned), known, told))
        judged, cut = (
            {part.index: path for part, path in zip(context.inputs, files, strict=True)}
            for files in (decisions, planned)
        )
        parts = Phases(context).map(FilterDuplicates(settings, judged, cut))
        files = [*write_index(context.folder, indexes, known), *removed]
        return StepResult(
            parts,
            metrics=found.metrics | histogram(mapped_array(sizes, "<u4", (known.documents,))),
            files=files,
        )

    def _keys(self, context: StepContext) -> list[Path]:
        """Extracted again only when what decides them changes: not for another threshold or index."""
        settings = self.settings(context.corpus)
        key = [self.version, settings["sources"], {name: settings["dedup"][name] for name in COMPARABLE}]
        return Phases(context).extract(
            "keys", ComputeSignatures(context.corpus.dedup, tuple(settings["sources"])), key=key
        )

    @staticmethod
    def _planned(context: StepContext, decisions: Sequence[Path]) -> list[Path]:
        """The files of paragraphs to remove, one a part."""
        rules = length_rules(context.corpus.quality)
        write = WriteCuts(readers_of(context), tuple(decisions), context.corpus.dedup, rules)
        return Phases(context).each("cuts", write, len(decisions))

    @staticmethod
    def _removed(context: StepContext, write: WriteRemoved) -> list[File]:
        """The files of removed paragraphs, one a part."""
        paths = Phases(context).each("removed", write, len(write.cuts))
        return [describe(path, context.folder, row_count(path)) for path in paths]


def readers_of(context: StepContext) -> tuple[Iterable[pa.RecordBatch], ...]:
    """The readers of the step's input, one a part."""
    return tuple(task.reader for task in context.tasks())


def index_folders(context: StepContext) -> list[tuple[str, Path]]:
    """Name and folder of each earlier run that the documents are compared with."""
    return [(name, context.resolve(name)) for name in context.corpus.dedup.index]


def paragraph_cuts(phases: KeyPhases, known: DocumentIds, found: Clusters) -> tuple[list[Path], Ranges]:
    """The files of paragraphs to remove, and which documents are in which of them."""
    hashes = Hashes(bucket_count(paragraph_count(known.keys) * PARAGRAPH.itemsize))
    emit = Paragraphs(known, found.ranks, found.survivors, buckets=hashes)
    reduce = ReduceParagraphs(found.ranks, known.old)
    cuts = phases.group("paragraphs", known.keys, emit, reduce, hashes.count)
    numbers = Ranges(known.documents, bucket_count(sum(path.stat().st_size for path in cuts)))
    return phases.group("places", cuts, Cuts(numbers), reduce_cuts, numbers.count), numbers


def told_files(phases: KeyPhases, known: DocumentIds, found: Clusters, cuts: Sequence[Path]) -> ToldFiles:
    """What decisions on the run's own documents tell of others."""
    size = dropped(found.survivors, known.old) * ASKED_BYTES + sum(path.stat().st_size for path in cuts)
    numbers = Ranges(known.documents, bucket_count(size))
    emit = Asked(known, found.ranks, found.survivors, numbers)
    answers = phases.group("asked", [*known.own, *cuts], emit, Answer(known), numbers.count)
    files = phases.group("told", answers, Told(numbers), reduce_told, numbers.count)
    return ToldFiles(tuple(files), numbers)
