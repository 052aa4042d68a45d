"""Carries the decisions out: rejects duplicates, cuts repeated paragraphs and long runs of one character."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.dedup import DedupSettings
from manifests.schema.documents import kept_schema
from pipeline.runtime.arrow_files import open_table
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.transform import Transform
from pipeline.steps.dedup.signatures import is_code
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.cuts import cut, unmark
from pipeline.text.similarity.paragraphs import paragraphs
from pipeline.text.similarity.repeated_characters import mark_runs

LEAST_SHARE = 0.2


class FilterDuplicates(Transform):
    """Documents -> kept ones, cleaned, and duplicates.

    A document whose repeated paragraphs leave nothing, or less than a fifth of its bytes and fewer bytes than
    ``min_paragraph_characters``, is rejected as duplicate_paragraphs, uncut. Program text (language code) is
    never cut.
    Metrics, by language: paragraphs_removed, characters_removed (by runs), documents_cut.
    """

    def __init__(self, settings: DedupSettings, decisions: dict[int, Path]) -> None:
        self._settings = settings
        self._decisions = decisions
        self.schema = kept_schema("dedup")

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        """The batch, whose first row is at ``where``, with the decisions on its documents carried out."""
        verdict = open_table(self._decisions[where.part]).slice(where.row, batch.num_rows).combine_chunks()
        reason, detail, sizes, cuts = (verdict[name].combine_chunks() for name in verdict.column_names)
        texts = batch.column("text")
        offsets, data = text_buffers(texts)
        keep = np.ones(len(data), bool)
        standing = pc.is_null(reason).to_numpy(zero_copy_only=False)
        size = np.diff(offsets)
        removed, cut_bytes = self._cut_paragraphs(texts, cuts, keep, ~standing | is_code(batch))
        left = size - cut_bytes
        empty = (removed > 0) & (
            (left == 0) | (left < LEAST_SHARE * size) & (left < self._settings.min_paragraph_characters)
        )
        # What others are rejected for stays, and whole: else they would be rejected for nothing.
        remainder = _remainder(removed, left, size)
        whole = empty & (sizes.to_numpy() > 1)
        _restore(offsets, keep, empty)
        removed[empty] = 0
        empty &= ~whole
        reason = pc.if_else(pa.array(empty), "duplicate_paragraphs", reason)
        detail = pc.if_else(pa.array(empty), remainder, detail)
        standing &= ~empty
        runs = mark_runs(data, offsets, ~standing | is_code(batch), self._settings.max_character_run, keep)
        changed = (removed > 0) | (runs > 0)
        metrics = _by_language(
            batch, {"paragraphs_removed": removed, "characters_removed": runs, "documents_cut": changed}
        )
        batch = _replace(batch, keep, changed).append_column("duplicates", sizes)
        return decide("dedup", batch, reason, detail, metrics)

    def _cut_paragraphs(
        self, texts: pa.Array, cuts: pa.Array, keep: np.ndarray, skip: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Unmarks the chosen paragraphs and returns how many each document loses, and how many bytes."""
        counts = np.diff(cuts.offsets.to_numpy())
        # A document without cuts need not be split into paragraphs once more.
        skip = skip | (counts == 0)
        _, spans, starts = paragraphs(texts, skip, self._settings.min_paragraph_characters)
        ordinals = cuts.flatten().to_numpy()[np.repeat(~skip, counts)]
        counts = np.where(skip, 0, counts).astype(np.int64)
        chosen = np.ascontiguousarray(spans[:, np.repeat(starts[:-1], counts) + ordinals])
        unmark(chosen, keep)
        owners = np.repeat(np.arange(len(counts)), counts)
        return counts, np.bincount(owners, chosen[1] - chosen[0], len(counts)).astype(np.int64)


def _restore(offsets: np.ndarray, keep: np.ndarray, rows: np.ndarray) -> None:
    for row in np.flatnonzero(rows):
        keep[offsets[row] : offsets[row + 1]] = True


def _remainder(removed: np.ndarray, left: np.ndarray, size: np.ndarray) -> pa.Array:
    """Which part of each document its repeated paragraphs are."""
    numbers = (pa.array(values).cast(pa.string()) for values in (removed, left, size))
    count, rest, whole = numbers
    return pc.binary_join_element_wise(
        count, " paragraphs stand in other documents, ", rest, " of ", whole, " bytes are left", ""
    )


def _by_language(batch: pa.RecordBatch, values: dict[str, np.ndarray]) -> dict[str, int]:
    language = pc.fill_null(batch.column("language").cast(pa.string()), "unknown").dictionary_encode()
    names, index = language.dictionary.to_pylist(), language.indices.to_numpy()
    sums = {key: np.bincount(index, weights=value, minlength=len(names)) for key, value in values.items()}
    return {
        f"{key}/{name}": int(amount)
        for key, row in sums.items()
        for name, amount in zip(names, row, strict=True)
        if amount
    }


def _replace(batch: pa.RecordBatch, keep: np.ndarray, changed: np.ndarray) -> pa.RecordBatch:
    """The batch with cut texts."""
    if not changed.any():
        return batch
    return batch.set_column(
        batch.schema.get_field_index("text"), batch.schema.field("text"), cut(batch.column("text"), keep)
    )
