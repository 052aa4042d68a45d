"""Ingest: the sources' files become documents, repaired and hashed; what cannot be read becomes a counted
reject."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.files import write_json
from manifests.plugins import Plugin
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import INGESTED
from manifests.schema.plugins import READERS_GROUP
from manifests.schema.sources import FORMATS, IngestSettings, Source
from pipeline.readers.broken_characters import REPLACEMENT
from pipeline.readers.charset import decode_all
from pipeline.readers.limits import Limits
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.context import StepContext
from pipeline.runtime.phases import Phases
from pipeline.runtime.step import Step, StepResult
from pipeline.runtime.transform import PartTask, Transform
from pipeline.steps.ingest.find_files import Found, find_files
from pipeline.steps.ingest.first_documents import check_first_documents
from pipeline.steps.ingest.input_hashes import HashCache
from pipeline.steps.ingest.long_rejects import heads_of_long
from pipeline.steps.ingest.part_plan import plan_parts
from pipeline.steps.ingest.part_reader import SOURCE, PartReader
from pipeline.steps.ingest.pieces import in_pieces
from pipeline.steps.privacy.file_names import scrubbed_names
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.text.arrow.text_hashes import hashes
from pipeline.text.unicode.repair import repair

# One in so many characters may be broken; no sentence can be read with more. One break alone, as where a
# field was cut within a character, says nothing of what stands before it.
_MOST_BROKEN = 10
_ONE_BREAK = f"{REPLACEMENT}{{1,4}}"
CACHE = ".inputs.json"
ORIGINS = "inputs.json"


class MakeDocuments(Transform):
    """RAW batches -> documents: charset, repair, the source's ``strip`` patterns, hash, the first checks, and
    pieces of long documents. Metrics: charsets, repaired, cut."""

    schema = INGESTED

    def __init__(self, sources: tuple[Source, ...], settings: IngestSettings) -> None:
        self._sources = sources
        self._settings = settings

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        source = self._sources[int(batch.schema.metadata[SOURCE])]
        # Program text may hold mojibake, and examples of old charsets, on purpose: in tests and tables.
        prose = source.kind == "prose"
        found, decoded, mended = decode_all(batch.column("text"), seven_bit=prose)
        charsets = pc.coalesce(batch.column("charset"), decoded)
        texts, metrics, maybe_broken = repair(found, mojibake=prose)
        for pattern in source.strip:
            texts = pc.replace_substring_regex(texts, pattern, "")
        texts = pc.utf8_trim(texts, " \t\n\u3000")
        reason, detail = self._judge(batch, texts, decoded, maybe_broken)
        # A reject shows what was found, not what became of it.
        if reason.null_count < len(reason):
            texts = pc.if_else(pc.is_null(reason), texts, found)
            texts, detail = heads_of_long(texts, reason, detail)
        documents = _documents(source, batch, texts)
        metrics |= _charsets(charsets) | ({"repaired/broken_characters": mended} if mended else {})
        pieces = in_pieces(documents, pc.is_null(reason), self._settings.max_words, prose)
        if pieces is not None:
            documents, metrics = pieces.documents, metrics | pieces.metrics
            reason, detail = reason.take(pieces.origin), detail.take(pieces.origin)
        return decide("ingest", documents, reason, detail, metrics)

    def _judge(
        self,
        batch: pa.RecordBatch,
        texts: pa.StringArray,
        decoded: pa.StringArray,
        maybe_broken: np.ndarray,
    ) -> tuple[pa.Array, pa.Array]:
        """Reason and detail; the reader's own come first."""
        null = pa.scalar(None, pa.string())
        size = batch.column("size")
        reason = pc.if_else(pc.equal(pc.binary_length(texts), 0), "empty", null)
        unreadable = pc.or_(pc.is_null(decoded), _mostly_broken(texts, maybe_broken))
        reason = pc.if_else(unreadable, "invalid_encoding", reason)
        reason = pc.if_else(pc.greater(size, self._settings.max_document_bytes), "too_long", reason)
        detail = pc.binary_join_element_wise(pc.cast(size, pa.string()), "bytes", " ")
        return pc.coalesce(batch.column("reason"), reason), pc.coalesce(batch.column("detail"), detail)


def _documents(source: Source, batch: pa.RecordBatch, texts: pa.StringArray) -> pa.RecordBatch:
    """The columns of documents, of a RAW batch and its repaired texts."""
    return pa.RecordBatch.from_arrays(
        [
            pc.binary_join_element_wise(source.name, batch.column("key"), ":"),
            texts,
            pa.repeat(source.name, batch.num_rows),
            batch.column("url"),
            pc.coalesce(batch.column("license"), pa.scalar(source.license, pa.string())),
            hashes(texts),
            batch.column("meta"),
        ],
        names=INGESTED.names,
    )


def _mostly_broken(texts: pa.StringArray, maybe_broken: np.ndarray) -> pa.BooleanArray:
    """bool [texts]: where more than one break, and more than one in ``_MOST_BROKEN`` characters, or more than
    half of the text is replaced, by whomever. ``maybe_broken`` bool [texts]: see ``Repaired``."""
    mask = pa.array(maybe_broken)
    some = texts.filter(mask)
    length, breaks = pc.utf8_length(some), pc.count_substring_regex(some, _ONE_BREAK)
    many = pc.and_(pc.greater(breaks, 1), pc.greater(pc.multiply(breaks, _MOST_BROKEN), length))
    most = pc.greater(pc.multiply(pc.count_substring(some, REPLACEMENT), 2), length)
    return pc.replace_with_mask(pa.repeat(False, len(texts)), mask, pc.or_(many, most))


def _charsets(charsets: pa.StringArray) -> dict[str, int]:
    counts = {item["values"]: item["counts"] for item in charsets.value_counts().to_pylist()}
    return {f"charset/{name or 'unknown'}": number for name, number in counts.items() if name != "utf-8"}


class IngestStep(Step):
    """Reads JSON, plain text, source trees, Parquet, Arrow, pages and web archives."""

    name = "ingest"
    version = 7

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        sources = [
            source.model_dump(mode="json", exclude={"reference", "max_epochs", "max_tokens"})
            for source in corpus.sources
        ]
        return {"ingest": corpus.ingest.model_dump(mode="json"), "sources": sources}

    def inputs(self, context: StepContext) -> dict[str, str]:
        """Every file of every source, by its source and its name in it; and the code of readers of the user's
        own."""
        cache = HashCache(context.folder / CACHE)
        named = zip(context.corpus.sources, _find(context), strict=True)
        hashes = {
            f"{source.name}/{name}": cache.sha256(file)
            for source, found in named
            for name, file in found.files
        }
        cache.save()
        return hashes | {name: plugin.fingerprint for name, plugin in _readers(context).items()}

    def run(self, context: StepContext) -> StepResult:
        sources, settings = context.corpus.sources, context.corpus.ingest
        found = _find(context)
        plan = plan_parts(sources, found, settings.part_bytes)
        readers = _readers(context)
        tasks = [
            PartTask(index, PartReader(sources, tuple(pieces), settings.max_document_bytes, readers))
            for index, pieces in enumerate(plan)
        ]
        documents = MakeDocuments(sources, settings)
        for index, source in enumerate(sources):
            pieces = tuple(piece for part in plan for piece in part if piece.source == index)
            first = PartReader(sources, pieces, settings.max_document_bytes, readers).one_by_one()
            check_first_documents(source.name, first, documents)
        parts = Phases(context).map(documents, tasks)
        # The first link of the chain of hashes: what the documents were read from.
        origins = self.inputs(context)
        write_json(context.folder / ORIGINS, origins)
        return StepResult(
            parts, _file_metrics(found), [describe(context.folder / ORIGINS, context.folder, len(origins))]
        )


def _readers(context: StepContext) -> dict[str, Plugin]:
    """The readers of the user's own, by the format that names them."""
    names = {source.format for source in context.corpus.sources if source.format not in FORMATS}
    return {name: context.plugin(name, READERS_GROUP) for name in sorted(names)}


def _find(context: StepContext) -> list[Found]:
    """The files of each source. Their names go into the documents' ids, which every later step writes down:
    they are without personal data from here on."""
    scrubber, memory = Scrubber.of(context), context.corpus.ingest.max_worker_memory
    return [
        _named(find_files(source, context.base), scrubber).within(Limits.of(memory, source.max_window))
        for source in context.corpus.sources
    ]


def _named(found: Found, scrubber: Scrubber) -> Found:
    names = scrubbed_names([name for name, _ in found.files], scrubber)
    return replace(found, files=tuple(zip(names, (file for _, file in found.files), strict=True)))


def _file_metrics(found: list[Found]) -> dict[str, int]:
    files = [file for source in found for _, file in source.files]
    return {
        "files/found": len(files),
        "files/empty": sum(file.size == 0 for file in files),
        "files/link_outside": sum(len(source.refused) for source in found),
        "files/link_broken": sum(len(source.broken) for source in found),
    }
