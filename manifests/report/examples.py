"""Three rejected documents for each reason, so that a person can judge the rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import read_batches
from manifests.files import safe_join
from manifests.report.scrubbing import Scrub, beginnings, shown_details
from manifests.schema.documents import REJECTED, some
from manifests.schema.steps import StepManifest

EXAMPLES = 3
CHARACTERS = 200
Key = tuple[str, str]


@dataclass(frozen=True)
class Example:
    """A rejected document: the beginning of its text, scrubbed, and what the step noted."""

    id: str
    language: str
    detail: str
    text: str


def examples(
    folder: Path, manifest: StepManifest, totals: Mapping[Key, int], scrub: Scrub, by: str = "step"
) -> dict[Key, list[Example]]:
    """The first, the middle and the last rejected document of each group; none of rejects that were redacted.
    Reads the columns that tell the groups, and the text of those documents only.

    Args:
        totals: documents by reason and value of the column ``by``.
    """
    wanted = {key: sorted({0, total // 2, total - 1}) for key, total in totals.items() if total}
    found: dict[Key, list[Example]] = {key: [] for key in wanted}
    seen: Counter[Key] = Counter()
    for part in manifest.parts:
        if part.rejected.rows and any(len(found[key]) < len(rows) for key, rows in wanted.items()):
            path = safe_join(folder, part.rejected.path)
            if path.exists():
                _read(path, by, wanted, seen, found, scrub)
    return found


def _read(
    path: Path,
    by: str,
    wanted: Mapping[Key, list[int]],
    seen: Counter[Key],
    found: dict[Key, list[Example]],
    scrub: Scrub,
) -> None:
    for batch in read_batches(path, some(REJECTED, "id", "text", "language", "detail", "reason")):
        for key, rows in _groups(batch, by).items():
            picked = [
                number - seen[key] for number in wanted.get(key, ()) if 0 <= number - seen[key] < len(rows)
            ]
            seen[key] += len(rows)
            if picked:
                found[key].extend(_examples(batch.take(pa.array(rows[picked])), scrub))


def _groups(batch: pa.RecordBatch, by: str) -> dict[Key, np.ndarray]:
    """The rows of each pair of reason and value of the column ``by``."""
    reasons, others = (batch.column(name).cast(pa.string()).dictionary_encode() for name in ("reason", by))
    width = len(others.dictionary)
    codes = reasons.indices.to_numpy().astype(np.int64) * width + others.indices.to_numpy()
    names, values = reasons.dictionary.to_pylist(), others.dictionary.to_pylist()
    return {
        (names[code // width], values[code % width]): np.flatnonzero(codes == code)
        for code in np.unique(codes).tolist()
    }


def _examples(batch: pa.RecordBatch, scrub: Scrub) -> list[Example]:
    told = shown_details(batch.column("detail"), 2 * CHARACTERS, scrub)
    columns = (
        batch.column("id").to_pylist(),
        pc.fill_null(batch.column("language").cast(pa.string()), "").to_pylist(),
        pc.fill_null(told, "").to_pylist(),
        beginnings(batch.column("text"), CHARACTERS, scrub).to_pylist(),
    )
    return [Example(*row) for row in zip(*columns, strict=True)]
