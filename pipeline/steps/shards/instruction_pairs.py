"""BiFlan, first half: the records of every instruction source as pairs of token lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.dedup import DedupSettings
from manifests.schema.instruction_templates import Template
from manifests.schema.instructions import InstructionSettings, InstructionSource
from pipeline.models.tokenizer import Tokenizer
from pipeline.runtime.arrow_files import BatchWriter
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.conversations import TURN, earlier
from pipeline.steps.shards.exemplar_pools import Pools, usable_records
from pipeline.steps.shards.instruction_readers import records
from pipeline.steps.shards.long_prompts import Fitted, fitted
from pipeline.steps.shards.near_pairs import record_keys
from pipeline.steps.shards.pair_drafts import NO_EXEMPLARS, NO_TASK, Drafts, in_turn, of_tasks
from pipeline.steps.shards.task_records import TaskRecords, field_of, languages
from pipeline.steps.shards.templates import filled
from pipeline.text.arrow.scattered import list_lengths
from pipeline.text.contamination.ngram_index import NgramIndex

Int64 = npt.NDArray[np.int64]
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
    [
        *PAIR,
        pa.field("language", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("shortened", pa.string()),
        pa.field("template", pa.string()),
        pa.field("unit", pa.uint64()),
        pa.field("bands", pa.binary()),
        pa.field("sketch", pa.binary()),
    ]
)
"""``shortened``: how a prompt was made to fit ("middle", "blocks", "cut", "split"), else null. ``template``:
its name and its kind, with ``_crossed`` where it is so; ``unit``: what its record
says, hashed; both null where the source has no tasks. ``bands`` and ``sketch``: of the first pair of each
record, where near duplicates are looked for."""
SLICE = 1000
LONGEST_PIECE = 16
"""Bytes of a token, hardly ever more: a longer example than a prompt's would never fit."""


@dataclass(frozen=True)
class EncodePairs:
    """One file of encoded pairs a source, without personal data; a pair that cannot be used has a ``reason``.
    ``benchmarks`` is the index of the decontaminate step: a pair that holds a piece of a benchmark item, in
    prompt and target read as one text, is of no use. ``heldout`` and ``seed`` are the corpus's."""

    sources: tuple[InstructionSource, ...]
    folders: tuple[Path, ...]
    model: Path
    settings: InstructionSettings
    benchmarks: Path | None
    scrubber: Scrubber
    heldout: float
    seed: int
    dedup: DedupSettings

    def __call__(self, index: int, path: Path) -> None:
        source, folder = self.sources[index], self.folders[index]
        encoder = _Encoder(self)
        pools = Pools(self.heldout, self.seed)
        if any(template.few_shot for template in source.forms):
            for batch in records(source, folder, self.scrubber):
                known = TaskRecords.of(source, batch)
                longest = LONGEST_PIECE * self.settings.max_prompt
                pools.add(known, usable_records(known, source.tasks, longest, encoder.overlaps))
        writer = BatchWriter(path, ENCODED)
        first = 0
        for batch in records(source, folder, self.scrubber):
            for pairs in _pairs(source, batch, first, pools, encoder):
                writer.write(encoder.encoded(pairs))
            first += batch.num_rows
        writer.close()


class _Pairs(NamedTuple):
    """Drafts with the other columns of their pairs: ``id``, ``source``, ``task``, ``language``, ``template``
    and ``unit``; and the text by which their records are compared."""

    drafts: Drafts
    columns: dict[str, pa.Array]
    text: pa.Array


def _pairs(
    source: InstructionSource, batch: pa.RecordBatch, first: int, pools: Pools, encoder: _Encoder
) -> Iterator[_Pairs]:
    """The pairs of a batch, of about ``SLICE`` records at a time."""
    known = TaskRecords.of(source, batch) if source.tasks else None
    said = cache(partial(_exchanges, batch, encoder))
    for start in range(0, batch.num_rows, SLICE):
        rows = np.arange(start, min(start + SLICE, batch.num_rows))
        history = partial(_history, batch, rows, said, encoder.settings.max_prompt)
        if known is None:
            drafts = in_turn(source, batch, rows, first)
            language, unit, text = languages(source, batch), None, drafts.prompt
        else:
            drafts = of_tasks(source, known, rows, pools, history)
            language, unit, text = known.language, known.unit, known.text.take(pa.array(drafts.row))
        yield _Pairs(drafts, _columns(source, drafts, language, unit), text)


def _columns(
    source: InstructionSource, drafts: Drafts, language: pa.Array, unit: npt.NDArray[np.uint64] | None
) -> dict[str, pa.Array]:
    at, size = pa.array(drafts.row), len(drafts)
    ids, task = drafts.records.column("id").take(at), _task_names(source, drafts)
    if unit is None:
        template, units = pa.nulls(size, pa.string()), pa.nulls(size, pa.uint64())
    else:
        form = pa.array(drafts.form, mask=drafts.form < 0)
        template, units = (
            pa.array([_described(one) for one in drafts.forms]).take(form),
            pa.array(unit[drafts.row]),
        )
        names = pc.fill_null(pa.array([one.name for one in drafts.forms]).take(form), "")
        ids = pc.binary_join_element_wise(ids, names, "/")
    return {
        "id": ids,
        "source": pa.repeat(source.name, size),
        "task": task,
        "language": language.take(at),
        "template": template,
        "unit": units,
    }


def _task_names(source: InstructionSource, drafts: Drafts) -> pa.Array:
    if source.tasks:
        names = [task.name for task in source.tasks for _ in task.forms]
        return pc.fill_null(pa.array(names).take(pa.array(drafts.form, mask=drafts.form < 0)), source.name)
    names = pa.array([f"{source.name}/{template.name}" for template in source.templates])
    task = names.take(pa.array(drafts.form))
    if source.task_field:
        named = field_of(drafts.records, source.task_field, f"source {source.name}: task_field")
        task = pc.coalesce(named.take(pa.array(drafts.row)), task)
    return task


def _described(template: Template) -> str:
    crossed = "_crossed" if template.instruction else ""
    return f"{template.name} {template.kind}{crossed}"


def _exchanges(batch: pa.RecordBatch, encoder: _Encoder, template: Template) -> tuple[pa.Array, Int64]:
    """Each record's exchange as a template's history shows it, and its length in tokens."""
    assert template.history is not None
    texts = pc.fill_null(filled(template.history.form, template.name, batch), "")
    return texts, list_lengths(encoder.tokens(texts))


def _history(
    batch: pa.RecordBatch,
    rows: Int64,
    said: Callable[[Template], tuple[pa.Array, Int64]],
    most: int,
    template: Template,
) -> pa.ListArray:
    return earlier(batch.column(TURN).to_numpy(), rows, *said(template), most)


class _Encoder:
    """Makes tokens of a worker's drafts."""

    def __init__(self, work: EncodePairs) -> None:
        self.settings = work.settings
        self._scrubber, self._dedup = work.scrubber, work.dedup
        self._tokenizer = Tokenizer(work.model)
        self._benchmarks = NgramIndex.load(work.benchmarks) if work.benchmarks else None

    def overlaps(self, texts: pa.Array) -> npt.NDArray[np.bool_]:
        """Which texts hold a piece of a benchmark item; a null does not."""
        if self._benchmarks is None:
            return np.zeros(len(texts), bool)
        return np.asarray(self._benchmarks.first_hits(texts)[:, 0] >= 0)

    def tokens(self, texts: pa.Array) -> pa.ListArray:
        """Of texts without personal data."""
        return self._tokenizer.encode(self._scrubber.texts(texts).texts)

    def encoded(self, pairs: _Pairs) -> pa.RecordBatch:
        """Pairs as ENCODED."""
        drafts, columns, text = pairs
        overlap = _if(
            self.overlaps(pc.binary_join_element_wise(drafts.prompt, drafts.target, "\n")),
            "benchmark_overlap",
        )
        (prompt, target, task), dropped = self._scrubbed(drafts.prompt, drafts.target, columns["task"])
        reason = pc.coalesce(
            _without_template(drafts),
            _unusable(prompt, target, columns["language"]),
            overlap,
            _if(dropped, "personal_data"),
        )
        blank = pc.is_valid(reason)
        prompts = self._tokenizer.encode(pc.if_else(blank, "", prompt))
        targets = self._tokenizer.encode(pc.if_else(blank, "", target))
        long = _if(list_lengths(targets) > self.settings.max_target, "target_too_long")
        columns |= self._keys(drafts, text)
        fit = fitted(drafts, prompts, self.tokens, self.settings.max_prompt)
        known = pc.is_in(columns["language"], value_set=pa.array(LANGUAGES))
        columns |= {
            "task": task,
            "target": targets,
            "language": pc.if_else(known, columns["language"], None),
            "reason": pc.coalesce(reason, long),
        }
        return _parts(columns, fit)

    def _keys(self, drafts: Drafts, text: pa.Array) -> dict[str, pa.Array]:
        """Bands and sketches, if they are wanted."""
        if self.settings.near_duplicates is None:
            return {name: pa.nulls(len(drafts), pa.binary()) for name in ("bands", "sketch")}
        first = np.append(True, np.diff(drafts.row) > 0)[: len(drafts)]
        return dict(zip(("bands", "sketch"), record_keys(text, first, self._dedup), strict=True))

    def _scrubbed(self, *texts: pa.StringArray) -> tuple[list[pa.StringArray], npt.NDArray[np.bool_]]:
        """Prompt, target and task without personal data; and which pairs have a datum that drops them."""
        dropped = np.zeros(len(texts[0]), bool)
        clean, looks = [], (self._scrubber.texts, self._scrubber.texts, self._scrubber.repeated)
        for column, scrub in zip(texts, looks, strict=True):
            result = scrub(column)
            clean.append(result.texts)
            dropped |= self._scrubber.dropped(result.found, len(dropped))
        return clean, dropped


def _parts(columns: dict[str, pa.Array], fit: Fitted) -> pa.RecordBatch:
    """The pairs with prompts that fit; parts of one prompt are told apart by their ids."""
    taken = {name: column.take(pa.array(fit.pair)) for name, column in columns.items()}
    part = np.arange(len(fit.pair)) - np.searchsorted(fit.pair, fit.pair)
    numbered = pc.binary_join_element_wise(taken["id"], pc.cast(pa.array(part), pa.string()), ".")
    split = pc.fill_null(pc.equal(fit.how, "split"), False)
    again = pa.array(part > 0)
    columns = {
        "id": pc.if_else(split, numbered, taken["id"]),
        **{name: pc.if_else(again, None, taken[name]) for name in ("bands", "sketch")},
        "prompt": fit.prompt,
        "reason": pc.coalesce(taken["reason"], fit.reason),
        "shortened": fit.how,
    }
    return pa.RecordBatch.from_pydict(taken | columns, schema=ENCODED)


def _if(rows: npt.NDArray[np.bool_], reason: str) -> pa.Array:
    return pc.if_else(pa.array(rows), reason, pa.scalar(None, pa.string()))


def _without_template(drafts: Drafts) -> pa.Array:
    """Why a pair has no template, or null."""
    return pc.coalesce(
        _if(drafts.form == NO_TASK, "no_task"), _if(drafts.form == NO_EXEMPLARS, "no_exemplars")
    )


def _unusable(prompt: pa.Array, target: pa.Array, language: pa.Array) -> pa.Array:
    """Why a pair is of no use, or null."""
    nothing = pa.nulls(len(prompt), pa.string())
    foreign = pc.invert(pc.is_in(language, value_set=pa.array(LANGUAGES)))
    empty = pc.or_(pc.equal(prompt, ""), pc.equal(target, ""))
    reason = pc.if_else(foreign, "language", nothing)
    reason = pc.if_else(pc.fill_null(empty, False), "empty", reason)
    return pc.if_else(pc.or_(pc.is_null(prompt), pc.is_null(target)), "incomplete", reason)
