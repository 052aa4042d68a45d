"""The decontaminate step: rejects documents that hold a piece of a benchmark item, English or Chinese.

``text.ngrams`` says what a piece is. Its lengths are settings, measured on 34.9 MB of Chinese and 32.4 MB of
English web text, books and documentation against 22,795 items (CMMLU, BIG-Bench Hard, GSM8K, HumanEval, CMRC
2018), with 848 passages known to be in both:

=============== ============
============================================================================================== CJK characters
passages     other documents dropped =============== ============
==============================================================================================
13              848 of 848   22: proverbs, lines of poems and slogans that questions quote
20 (default)    848 of 848   9: sentences of an encyclopedia, in other articles too (7 of 20 to 24 characters,
26, 62) 30              848 of 848   3
=============== ============
==============================================================================================

13 words dropped no English document and no program (``benchmarks/decontamination.py`` lists what is
dropped).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.files import sha256
from manifests.schema.corpus import CorpusManifest
from manifests.schema.decontaminate import Benchmark, DecontaminateSettings
from manifests.schema.documents import kept_schema
from pipeline.runtime.arrow_files import MAX_ROWS, describe
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.context import StepContext
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.phases import Phases
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.step import Step, StepResult
from pipeline.runtime.transform import Transform
from pipeline.steps.decontaminate.benchmark_items import SCHEMA, read_items
from pipeline.steps.decontaminate.formulas import SharedNgrams, WriteLeakIndex, formulas
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.contamination.ngram_index import NgramIndex, build_index
from pipeline.text.contamination.script_fold import VERSION

COMMON_SHARE = 0.01


@dataclass(frozen=True)
class WriteItems:
    """Writes the items of one benchmark file."""

    files: tuple[Path, ...]
    benchmarks: tuple[Benchmark, ...]

    def __call__(self, index: int, path: Path) -> None:
        with pa.ipc.new_file(path, SCHEMA) as writer:
            writer.write_table(read_items(self.files[index], self.benchmarks[index]), max_chunksize=MAX_ROWS)


def _all_items(files: Sequence[Path]) -> pa.Table:
    return pa.concat_tables([SCHEMA.empty_table(), *(open_table(file, SCHEMA) for file in files)])


@dataclass(frozen=True)
class WriteIndex:
    """Writes the n-gram index of the items of all files."""

    items: tuple[Path, ...]
    settings: DecontaminateSettings

    def __call__(self, index: int, path: Path) -> None:
        table = _all_items(self.items)
        groups = table["benchmark"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        texts, settings = table["text"].combine_chunks(), self.settings
        build_index(texts, groups, settings.ngram, settings.ngram_cjk, settings.max_items, COMMON_SHARE).save(
            path
        )


class Decontaminate(Transform):
    """Documents -> those without a benchmark item in them. Metrics: overlap/<benchmark>.

    ``shared``: what ``SharedNgrams`` wrote. Where that is nothing, there is nothing to be looked for again:
    the n-grams of ``index`` are some of those that it was written by.
    """

    def __init__(self, index: Path, items: tuple[Path, ...], shared: PartRows) -> None:
        self._paths = index, items
        self._shared = shared
        self.schema = kept_schema("decontaminate")

    def setup(self) -> None:
        index, items = self._paths
        self._index = NgramIndex.load(index)
        self._items = _all_items(items).select(["benchmark", "item"])

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        rows, numbers, spans = self._hits(batch, where)
        found = self._items.take(pa.array(numbers)).to_pylist()
        metrics: dict[str, int] = {}
        details: list[str | None] = [None] * batch.num_rows
        for row, item, span in zip(rows.tolist(), found, spans, strict=True):
            details[row] = (
                f"benchmark={item['benchmark']} item={item['item']} "
                f"span={json.dumps(span, ensure_ascii=False)}"
            )
            name = _metric("overlap", item["benchmark"])
            metrics[name] = metrics.get(name, 0) + 1
        detail = pa.array(details, pa.string())
        reason = pc.if_else(detail.is_valid(), "benchmark_overlap", pa.scalar(None, pa.string()))
        return decide("decontaminate", batch, reason, detail, metrics)

    def _hits(self, batch: pa.RecordBatch, where: BatchPosition) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """The rows [found] with an item, the item of each, and the text that they share."""
        shared = self._shared.rows(where, batch.num_rows)["ngrams"]
        suspects = np.flatnonzero(pc.list_value_length(shared).to_numpy(zero_copy_only=False))
        texts = batch.column("text").take(pa.array(suspects))
        hits = self._index.first_hits(texts)
        rows, hits = suspects[hits[:, 0] >= 0], hits[hits[:, 0] >= 0]
        data = text_buffers(texts).data
        return rows, hits[:, 0], [data[first:end].tobytes().decode() for _, first, end in hits.tolist()]


class DecontaminateStep(Step):
    """Reason benchmark_overlap; the detail names the benchmark, the first item, and quotes the text that they
    share. Metrics beside the parts' own: items/<benchmark>; items_not_searched/<benchmark>, those too short
    to be looked for or all template; formulas/<benchmark>, n-grams that too many documents have to be
    leakage. Artifact: ``ngram_index``, without the formulas.

    Memory: the index, mapped once a host (25 to 50 bytes an n-gram of the benchmarks), and the items' names
    in each worker.
    """

    name = "decontaminate"
    version = 3

    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        return corpus.decontaminate.model_dump(mode="json") | {"opencc": VERSION}

    def inputs(self, context: StepContext) -> dict[str, str]:
        return {
            benchmark.name: self._hash(context.resolve(benchmark.path))
            for benchmark in context.corpus.decontaminate.benchmarks
        }

    @staticmethod
    def _hash(path: Path) -> str:
        if not path.is_file():
            raise PipelineError(f"{path}: no such benchmark file; correct its path in the corpus manifest")
        return sha256(path)

    def run(self, context: StepContext) -> StepResult:
        settings = context.corpus.decontaminate
        files = tuple(context.resolve(benchmark.path) for benchmark in settings.benchmarks)
        phases = Phases(context)
        items = tuple(phases.each("items", WriteItems(files, settings.benchmarks), len(files)))
        (whole,) = phases.each("index", WriteIndex(items, settings), 1, suffix=".npy")
        shared = tuple(phases.extract("shared", SharedNgrams(whole)))
        write = WriteLeakIndex(whole, shared, settings.max_documents)
        (index,) = phases.each("leak_index", write, 1, suffix=".npy")
        found = _all_items(items)
        file = describe(index, context.folder, found.num_rows)
        by_part = {part.index: path for part, path in zip(context.inputs, shared, strict=True)}
        passed = NgramIndex.load(whole).items_of(formulas(shared, settings.max_documents))
        return StepResult(
            phases.map(Decontaminate(index, items, PartRows(by_part, SharedNgrams.schema))),
            _coverage(found["benchmark"], NgramIndex.load(index))
            | _counts("formulas", found["benchmark"].take(pa.array(passed))),
            [file],
            {"ngram_index": [file]},
        )


def _coverage(benchmarks: pa.ChunkedArray, index: NgramIndex) -> dict[str, int]:
    """How many items each benchmark has, and how many of them cannot be looked for."""
    unsearched = benchmarks.filter(pa.array(index.searched == 0))
    return _counts("items", benchmarks) | _counts("items_not_searched", unsearched)


def _counts(kind: str, benchmarks: pa.ChunkedArray) -> dict[str, int]:
    return {_metric(kind, row["values"]): row["counts"] for row in benchmarks.value_counts().to_pylist()}


def _metric(kind: str, benchmark: str) -> str:
    return f"{kind}/{benchmark.replace('/', '_')}"
