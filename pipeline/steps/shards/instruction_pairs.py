"""BiFlan, first half: the records of every instruction source as pairs of token lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.instructions import InstructionSettings, InstructionSource
from pipeline.models.tokenizer import Tokenizer
from pipeline.runtime.arrow_files import BatchWriter
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_readers import records
from pipeline.steps.shards.templates import render
from pipeline.steps.shards.token_gather import flat
from pipeline.text.contamination.ngram_index import NgramIndex

LANGUAGES: tuple[Literal["en", "zh"], ...] = ("en", "zh")
LISTS = pa.list_(pa.uint32())
PAIR = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("task", pa.string(), nullable=False),
        pa.field("prompt", LISTS, nullable=False),
        pa.field("target", LISTS, nullable=False),
    ]
)
ENCODED = pa.schema(
    [*PAIR, pa.field("language", pa.string()), pa.field("reason", pa.string()), pa.field("cut", pa.bool_())]
)


@dataclass(frozen=True)
class EncodePairs:
    """One file of encoded pairs a source, without personal data; a pair that cannot be used has a ``reason``.
    ``benchmarks`` is the index of the decontaminate step: a pair that holds a piece of a benchmark item, in
    prompt and target read as one text, is of no use."""

    sources: tuple[InstructionSource, ...]
    folders: tuple[Path, ...]
    model: Path
    settings: InstructionSettings
    benchmarks: Path | None
    scrubber: Scrubber

    def __call__(self, index: int, path: Path) -> None:
        tokenizer = Tokenizer(self.model)
        benchmarks = NgramIndex.load(self.benchmarks) if self.benchmarks else None
        writer = BatchWriter(path, ENCODED)
        row = 0
        for records_batch in records(self.sources[index], self.folders[index], self.scrubber):
            for start in range(0, records_batch.num_rows, 1000):
                batch = records_batch.slice(start, 1000)
                writer.write(self._encode(self.sources[index], batch, row, tokenizer, benchmarks))
                row += batch.num_rows
        writer.close()

    def _encode(
        self,
        source: InstructionSource,
        batch: pa.RecordBatch,
        row: int,
        tokenizer: Tokenizer,
        benchmarks: NgramIndex | None,
    ) -> pa.RecordBatch:
        prompt, target, task = _pairs(source, batch, row)
        language = (
            batch.column(source.language_field)
            if source.language_field
            else pa.repeat(source.language, len(prompt))
        )
        overlap = _overlap(prompt, target, benchmarks)
        (prompt, target, task), dropped = self._scrubbed(prompt, target, task)
        personal = pc.if_else(dropped, "personal_data", pa.scalar(None, pa.string()))
        reason = pc.coalesce(_unusable(prompt, target, language), overlap, personal)
        blank = pc.is_valid(reason)
        prompts = tokenizer.encode(pc.if_else(blank, "", prompt))
        targets = tokenizer.encode(pc.if_else(blank, "", target))
        long_target = pc.greater(pc.list_value_length(targets), self.settings.max_target)
        too_long = pc.if_else(long_target, "target_too_long", pa.nulls(len(targets), pa.string()))
        cut = pc.greater(pc.list_value_length(prompts), self.settings.max_prompt)
        columns = {
            "id": batch.column("id"),
            "source": pa.repeat(source.name, len(prompt)),
            "task": task,
            "prompt": cut_middle(prompts, self.settings.max_prompt),
            "target": targets,
            "language": pc.if_else(pc.is_in(language, value_set=pa.array(LANGUAGES)), language, None),
            "reason": pc.coalesce(reason, too_long),
            "cut": cut,
        }
        return pa.RecordBatch.from_pydict(columns, schema=ENCODED)

    def _scrubbed(self, *texts: pa.StringArray) -> tuple[list[pa.StringArray], pa.BooleanArray]:
        """Prompt, target and task without personal data; and which pairs have a datum that drops them."""
        dropped = np.zeros(len(texts[0]), bool)
        clean, looks = [], (self.scrubber.texts, self.scrubber.texts, self.scrubber.repeated)
        for column, scrub in zip(texts, looks, strict=True):
            result = scrub(column)
            clean.append(result.texts)
            dropped |= self.scrubber.dropped(result.found, len(dropped))
        return clean, pa.array(dropped)


def cut_middle(prompts: pa.ListArray, longest: int) -> pa.ListArray:
    """Each list without so much of its middle that ``longest`` tokens are left: half of them its first, and
    half, or one more, its last. What is asked stands at one of them (as LongBench cuts, Bai et al. 2023,
    section 4.1, and as the trainer does where an example has less room)."""
    tokens, starts = flat(prompts)
    lengths = np.diff(starts)
    kept = np.minimum(lengths, longest)
    offsets = np.concatenate(([0], np.cumsum(kept)))
    place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], kept)
    skipped = np.where(place < longest // 2, 0, np.repeat(lengths - kept, kept))
    taken = tokens[np.repeat(starts[:-1], kept) + place + skipped]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(taken, pa.uint32()))


def _pairs(source: InstructionSource, batch: pa.RecordBatch, row: int) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Prompt, target and task [records]; record i of a source takes template i modulo their number."""
    turn = (row + np.arange(batch.num_rows)) % len(source.templates)
    prompts, targets = zip(*(render(template, batch) for template in source.templates), strict=True)
    names = pa.array([f"{source.name}/{template.name}" for template in source.templates])
    which = pa.array(turn)
    task = names.take(which)
    if source.task_field:
        task = pc.coalesce(batch.column(source.task_field), task)
    return pc.choose(which, *prompts), pc.choose(which, *targets), task


def _overlap(prompt: pa.Array, target: pa.Array, benchmarks: NgramIndex | None) -> pa.Array:
    """``benchmark_overlap`` where a pair holds a piece of a benchmark item, else null."""
    if benchmarks is None:
        return pa.nulls(len(prompt), pa.string())
    hits = benchmarks.first_hits(pc.binary_join_element_wise(prompt, target, "\n"))[:, 0] >= 0
    return pc.if_else(pa.array(hits), "benchmark_overlap", pa.nulls(len(hits), pa.string()))


def _unusable(prompt: pa.Array, target: pa.Array, language: pa.Array) -> pa.Array:
    """Why a pair is of no use, or null."""
    nothing = pa.nulls(len(prompt), pa.string())
    foreign = pc.invert(pc.is_in(language, value_set=pa.array(LANGUAGES)))
    empty = pc.or_(pc.equal(prompt, ""), pc.equal(target, ""))
    reason = pc.if_else(foreign, "language", nothing)
    reason = pc.if_else(pc.fill_null(empty, False), "empty", reason)
    return pc.if_else(pc.or_(pc.is_null(prompt), pc.is_null(target)), "incomplete", reason)
