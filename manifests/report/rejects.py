"""Documents that a run rejected, by what one asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import read_batches
from manifests.errors import UserError
from manifests.files import safe_join
from manifests.redaction import is_redacted
from manifests.report.even_sample import BatchRows, even_sample
from manifests.report.scrubbing import Scrub, beginnings, shown_details
from manifests.schema.documents import REJECTED, some
from manifests.step_order import steps_in

_COLUMNS = some(REJECTED, "id", "text", "source", "language", "step", "reason", "detail")


@dataclass(frozen=True)
class Wanted:
    """Which rejects: those of a reason (``gopher_v2/`` means all of the set), step, source and language; ""
    means any."""

    reason: str = ""
    step: str = ""
    source: str = ""
    language: str = ""

    def rows(self, batch: pa.RecordBatch) -> np.ndarray:
        """int64: which rows of a batch of rejects they are."""
        chosen = np.ones(batch.num_rows, bool)
        for name in ("reason", "source", "language"):
            value, column = getattr(self, name), batch.column(name).cast(pa.string())
            if value:
                same = pc.starts_with(column, value) if value.endswith("/") else pc.equal(column, value)
                chosen &= pc.fill_null(same, False).to_numpy(zero_copy_only=False)
        return np.flatnonzero(chosen)


@dataclass(frozen=True)
class Reject:
    """A rejected document; ``text`` and ``detail`` are scrubbed beginnings."""

    id: str
    source: str
    language: str | None
    step: str
    reason: str
    detail: str | None
    text: str


@dataclass(frozen=True)
class Rejects:
    """``counts``: the documents found by step and reason; ``sample``: some of them, evenly from all."""

    counts: dict[tuple[str, str], int]
    sample: list[Reject]


def find_rejects(run: Path, wanted: Wanted, sample: int, characters: int, scrub: Scrub) -> Rejects:
    """The rejects of a run that are wanted.

    Raises:
        UserError: the run has no such step, its rejects were redacted, or there is no such reason.
    """
    counts: Counter[tuple[str, str]] = Counter()
    found: list[BatchRows] = []
    for path in _files(run, wanted):
        for number, batch in enumerate(read_batches(path, _COLUMNS)):
            rows = wanted.rows(batch)
            found.append(BatchRows(path, number, rows))
            names = (batch.column(name).take(pa.array(rows)).to_pylist() for name in ("step", "reason"))
            counts.update(zip(*names, strict=True))
    chosen = even_sample(found, sample, _COLUMNS)
    return Rejects(dict(counts), [one for batch in chosen for one in _shown(batch, characters, scrub)])


def _files(run: Path, wanted: Wanted) -> Iterator[Path]:
    steps = {name: manifest for name, manifest in steps_in(run).items() if wanted.step in ("", name)}
    if not steps:
        what = f"has no finished step {wanted.step}".rstrip()
        raise UserError(what, where=run, fix="run `openba corpus` first, or name another step")
    reasons = {count.reason for manifest in steps.values() for count in manifest.counts}
    if wanted.reason and not any(_meant(wanted.reason, reason) for reason in reasons):
        known = ", ".join(sorted(reasons - {""}))
        raise UserError(
            f"no document was rejected for {wanted.reason!r}", where=run, fix=f"there are: {known}"
        )
    for name, manifest in steps.items():
        for part in manifest.parts:
            if part.rejected.rows:
                if is_redacted(run, name, part.rejected.path):
                    raise UserError("its rejects were redacted", where=run / name, fix="ask another run")
                yield safe_join(run / name, part.rejected.path)


def _meant(wanted: str, reason: str) -> bool:
    return reason.startswith(wanted) if wanted.endswith("/") else reason == wanted


def _shown(batch: pa.RecordBatch, characters: int, scrub: Scrub) -> Iterator[Reject]:
    texts = {
        "detail": shown_details(batch.column("detail"), characters, scrub),
        "text": beginnings(batch.column("text"), characters, scrub),
    }
    columns = (
        texts.get(name, batch.column(name)).cast(pa.string()).to_pylist()
        for name in ("id", "source", "language", "step", "reason", "detail", "text")
    )
    return (Reject(*row) for row in zip(*columns, strict=True))
