"""The dedup step: which phases there are, and in what order.

1. ``keys`` (one pass over the text): content hash, LSH bands, sketch and paragraph hashes of every document.
2. ``ranks``: the order in which documents would rather be kept.
3. ``exact`` (grouping) and ``originals``: documents with equal hashes; only the best of each goes on.
4. ``bands`` (grouping): candidates by LSH. ``pairs`` (grouping): each pair once, checked by its sketches.
   ``survivors`` and ``sizes``: each document's verdict, best rank first.
5. ``paragraphs`` (grouping): paragraphs of the documents that are kept, in all places but the first.
6. ``decisions``; ``removed``: the paragraphs that go; and the second pass over the text.

With an ``index`` (``index``), the documents of earlier runs take part in 3 to 5 by their keys, ahead of the
run's own and untouched.

Memory, beside one part's batches in each worker: ranking and clustering hold 30 bytes a document in one
process, which is all that grows with the corpus. A grouping holds a part's keys or a bucket of some 4 MiB in
a worker, and 512 MiB of packed keys at most in an engine that shuffles in memory (``groups``); the rest is
memory-mapped.
Disk, for a document of p hashed paragraphs: keys 8 x bands + 512 + 8 p bytes and its id, which is 0.7 kB with
the defaults.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import File
from pipeline.runtime.arrow_files import describe, open_table
from pipeline.runtime.context import StepContext
from pipeline.runtime.key_groups import Reduce
from pipeline.runtime.npy_files import view
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.steps.dedup.clusters import (
    Pairs,
    VerifyPairs,
    WriteOriginals,
    WriteSizes,
    WriteSurvivors,
    histogram,
)
from pipeline.steps.dedup.decisions import WriteDecisions
from pipeline.steps.dedup.dedup_index import COMPARABLE, Index, manifest_hash, open_indexes, write_index
from pipeline.steps.dedup.document_ids import DocumentIds, document_ids, paragraph_count
from pipeline.steps.dedup.filter import FilterDuplicates
from pipeline.steps.dedup.paragraph_cuts import length_rules
from pipeline.steps.dedup.priority import WritePriorities
from pipeline.steps.dedup.removed import WriteRemoved
from pipeline.steps.dedup.shuffle import (
    BAND,
    HASH,
    PAIR,
    PARAGRAPH,
    Bands,
    Emitter,
    Exact,
    Paragraphs,
    ReduceBands,
    ReduceParagraphs,
    passes,
    reduce_exact,
)
from pipeline.steps.dedup.signatures import ComputeSignatures


class DedupStep(Step):
    """Removes repeated documents, paragraphs and characters. The same documents give the same survivors,
    however they are ordered."""

    name = "dedup"
    version = 5

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        lengths = [rule.model_dump(mode="json") for rule in length_rules(corpus.quality)]
        sources = [source.name for source in corpus.sources]
        return {"dedup": corpus.dedup.model_dump(), "sources": sources, "lengths": lengths}

    def inputs(self, context: StepContext) -> dict[str, str]:
        return {
            f"index/{number}": manifest_hash(name, folder)
            for number, (name, folder) in enumerate(_folders(context))
        }

    def run(self, context: StepContext) -> StepResult:
        settings = context.corpus.dedup
        indexes = open_indexes(_folders(context), settings, self.version)
        known = document_ids([path for index in indexes for path in index.keys], self._keys(context))
        ranks = _one(context, "ranks", WritePriorities(known, indexes))
        size = known.documents * HASH.itemsize
        equal = _group(context, "exact", known.keys, Exact(known, ranks), reduce_exact, size)
        exact = _one(context, "originals", WriteOriginals(known.documents, tuple(equal)))
        survivors, pairs = self._near(context, known, indexes, ranks, exact)
        sizes = _one(context, "sizes", WriteSizes(survivors, known.old))
        cuts = self._cuts(context, known, ranks, survivors) if settings.paragraphs else []
        write = WriteDecisions(known, indexes, ranks, exact, survivors, sizes, tuple(cuts))
        decisions = Phases(context).each("decisions", write, len(known.own))
        removed = self._removed(context, known, decisions)
        judged = {part.index: path for part, path in zip(context.inputs, decisions, strict=True)}
        parts = Phases(context).map(FilterDuplicates(settings, length_rules(context.corpus.quality), judged))
        files = [*write_index(context.folder, indexes, known), *removed]
        return StepResult(parts, metrics=pairs | histogram(view(sizes)), files=files)

    def _keys(self, context: StepContext) -> list[Path]:
        """Extracted again only when what decides them changes: not for another threshold or index."""
        settings = self.settings(context.corpus)
        key = [self.version, settings["sources"], {name: settings["dedup"][name] for name in COMPARABLE}]
        return Phases(context).extract(
            "keys", ComputeSignatures(context.corpus.dedup, tuple(settings["sources"])), key=key
        )

    @staticmethod
    def _near(
        context: StepContext, known: DocumentIds, indexes: tuple[Index, ...], ranks: Path, exact: Path
    ) -> tuple[Path, dict[str, int]]:
        settings = context.corpus.dedup
        size = known.documents * (settings.bands + 1) * BAND.itemsize
        bands = Bands(known, ranks, exact)
        candidates = _group(context, "bands", known.keys, bands, ReduceBands(known.old), size)
        check = VerifyPairs(ranks, known, settings.similarity)
        size = _count(candidates) * PAIR.itemsize
        verified = _group(context, "pairs", candidates, Pairs(known.documents), check, size)
        judge = WriteSurvivors(known, ranks, exact, tuple(verified), settings.similarity, indexes)
        survivors = _one(context, "survivors", judge)
        return survivors, {"candidates": _count(candidates), "verified_pairs": _count(verified)}

    @staticmethod
    def _cuts(context: StepContext, known: DocumentIds, ranks: Path, survivors: Path) -> list[Path]:
        size = paragraph_count(known.keys) * PARAGRAPH.itemsize
        return _group(
            context,
            "paragraphs",
            known.keys,
            Paragraphs(known, ranks, survivors),
            ReduceParagraphs(ranks, known.old),
            size,
        )

    @staticmethod
    def _removed(context: StepContext, known: DocumentIds, decisions: Sequence[Path]) -> list[File]:
        """The files of removed paragraphs, one a part."""
        corpus = context.corpus
        readers = tuple(task.reader for task in context.tasks())
        rules = length_rules(corpus.quality)
        write = WriteRemoved(readers, tuple(decisions), known, corpus.dedup, rules)
        paths = Phases(context).each("removed", write, len(decisions))
        return [describe(path, context.folder, open_table(path).num_rows) for path in paths]


def _folders(context: StepContext) -> list[tuple[str, Path]]:
    return [(name, context.resolve(name)) for name in context.corpus.dedup.index]


def _one(context: StepContext, phase: str, work: Any) -> Path:
    return Phases(context).each(phase, work, 1, suffix=".npy")[0]


def _group(
    context: StepContext,
    phase: str,
    sources: Sequence[Path],
    emit: Emitter | Pairs,
    reduce: Reduce,
    size: int,
) -> list[Path]:
    """Groups the keys of all sources in as many passes as ``size`` bytes of them need; one folder a pass."""
    shares = {f"{number:04d}": share for number, share in enumerate(passes(size))}
    files: list[Path] = []
    for name, share in shares.items():
        files += Phases(context).group(f"{phase}/{name}", sources, replace(emit, share=share), reduce)
    for path in (context.folder / phase).iterdir():
        if path.name not in shares:
            # Left by an earlier run with more keys.
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return files


def _count(pairs: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in pairs) // PAIR.itemsize
