"""The documents of a finished quality step, kept and rejected alike, with all that was measured of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.files import safe_join
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import IDENTIFIED, REJECTED
from manifests.schema.signals import SIGNALS
from manifests.schema.steps import Part, StepManifest
from pipeline.runtime.file_names import part_name

BEFORE = ("ingest", "language")
"""Steps that may lose a document before it is measured."""
_COLUMNS = ("id", "source", "text", "meta")


@dataclass(frozen=True)
class MeasuredDocuments:
    """Columns of documents, in one order.

    Attributes:
        table: ``id``, ``source``, ``text`` and ``meta``.
        languages: object [documents], None where the document was lost before.
        lost: object [documents]: the ``step/reason`` that rejected it before it was measured, or None.
        signals: float32 [documents] by name; NaN where one has no meaning, or was not measured.
    """

    table: pa.Table
    languages: np.ndarray
    lost: np.ndarray
    signals: dict[str, np.ndarray]

    @property
    def sources(self) -> np.ndarray:
        """object [documents]."""
        return np.asarray(self.table.column("source").to_numpy())

    def taken(self, chosen: np.ndarray) -> MeasuredDocuments:
        """Those that a mask [documents] chooses."""
        return MeasuredDocuments(
            self.table.filter(pa.array(chosen)),
            self.languages[chosen],
            self.lost[chosen],
            {name: values[chosen] for name, values in self.signals.items()},
        )


def measured_documents(run: Path, corpus: CorpusManifest) -> MeasuredDocuments:
    """All documents of a run folder whose quality step is done, lost ones last.

    Raises:
        ManifestError: a step's manifest is missing or not valid.
    """
    names = [*SIGNALS, *(signal.name for signal in corpus.quality.signals)]
    pieces = [*_measured(run, names), *(_lost(run, step, names) for step in BEFORE)]
    return MeasuredDocuments(
        pa.concat_tables([piece.table for piece in pieces]),
        np.concatenate([piece.languages for piece in pieces]),
        np.concatenate([piece.lost for piece in pieces]),
        {name: np.concatenate([piece.signals[name] for piece in pieces]) for name in names},
    )


def _measured(run: Path, names: list[str]) -> Iterator[MeasuredDocuments]:
    for part in _parts(run, "language"):
        table = open_table(safe_join(run / "language", part.kept.path), IDENTIFIED)
        found = _rows(run / "quality", part.index, set(names))
        signals = {name: found.get(name, _nothing(table.num_rows)) for name in names}
        lost = np.full(table.num_rows, None, object)
        yield MeasuredDocuments(table.select(_COLUMNS), table.column("language").to_numpy(), lost, signals)


def _rows(quality: Path, part: int, names: set[str]) -> dict[str, np.ndarray]:
    """What the step's phases wrote of a part, each with one row for each document."""
    found: dict[str, np.ndarray] = {}
    for path in sorted(quality.glob(f"*/**/{part_name(part)}.arrow")):
        if path.parent.name != "rejected":
            table = open_table(path, optional=_signals(names))
            found |= {name: table.column(name).to_numpy() for name in names & set(table.column_names)}
    return found


def _signals(names: set[str]) -> pa.Schema:
    return pa.schema([pa.field(name, pa.float32()) for name in names])


def _lost(run: Path, step: str, names: list[str]) -> MeasuredDocuments:
    tables = [open_table(safe_join(run / step, part.rejected.path), REJECTED) for part in _parts(run, step)]
    table = pa.concat_tables(tables)
    reasons = pc.binary_join_element_wise(table.column("step"), table.column("reason"), "/").to_numpy()
    signals = {name: _nothing(table.num_rows) for name in names}
    return MeasuredDocuments(table.select(_COLUMNS), np.full(table.num_rows, None, object), reasons, signals)


def _parts(run: Path, step: str) -> tuple[Part, ...]:
    return load(run / step / "manifest.json", StepManifest).parts


def _nothing(rows: int) -> np.ndarray:
    return np.full(rows, np.nan, np.float32)
