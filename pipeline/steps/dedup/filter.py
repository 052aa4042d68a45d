"""Carries the decisions out: rejects duplicates, cuts repeated paragraphs and long runs of one character."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import check
from manifests.schema.dedup import DedupSettings
from manifests.schema.documents import kept_schema
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.transform import Transform
from pipeline.steps.dedup.cuts import SCHEMA as CUTS
from pipeline.steps.dedup.cuts import spans_of
from pipeline.steps.dedup.decisions import SCHEMA as DECISIONS
from pipeline.steps.dedup.signatures import is_code
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.cuts import cut, unmark
from pipeline.text.similarity.repeated_characters import mark_runs


class FilterDuplicates(Transform):
    """Documents -> kept ones, cleaned, with the sizes of their clusters, and duplicates.

    A document of which repeated paragraphs leave too little (see ``paragraph_cuts.plan_cuts``) is rejected as
    duplicate_paragraphs, uncut. Program text (language code) is never cut.
    Metrics, by language: paragraphs_removed, characters_removed (by runs), documents_cut.
    """

    def __init__(
        self, settings: DedupSettings, decisions: Mapping[int, Path], cuts: Mapping[int, Path]
    ) -> None:
        """``decisions`` and ``cuts``: the files of ``WriteDecisions`` and of ``WriteCuts``, by part."""
        self._settings = settings
        self._decisions = dict(decisions)
        self._cuts = dict(cuts)
        self.schema = kept_schema("dedup")

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        """The batch, whose first row is at ``where``, with the decisions on its documents carried out."""
        verdict, cuts = (
            open_table(files[where.part], schema).slice(where.row, batch.num_rows).combine_chunks()
            for files, schema in ((self._decisions, DECISIONS), (self._cuts, CUTS))
        )
        check(len(verdict) == batch.num_rows, self._decisions[where.part], "lacks documents of its part")
        reason = pc.if_else(cuts["stub"], "duplicate_paragraphs", verdict["reason"]).combine_chunks()
        detail = pc.if_else(cuts["stub"], cuts["detail"], verdict["detail"]).combine_chunks()
        owners, spans = spans_of(batch, cuts, self._cuts[where.part])
        lost = np.bincount(owners, minlength=batch.num_rows)
        offsets, data = text_buffers(batch.column("text"))
        keep = np.ones(len(data), bool)
        unmark(spans, keep)
        skip = pc.is_valid(reason).to_numpy(zero_copy_only=False) | is_code(batch)
        runs = mark_runs(data, offsets, skip, self._settings.max_character_run, keep)
        changed = (lost > 0) | (runs > 0)
        counts = {"paragraphs_removed": lost, "characters_removed": runs, "documents_cut": changed}
        metrics = _by_language(batch, counts)
        batch = _replace(batch, keep, changed)
        sizes = verdict["duplicates"].combine_chunks()
        return decide("dedup", batch.append_column("duplicates", sizes), reason, detail, metrics)


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
