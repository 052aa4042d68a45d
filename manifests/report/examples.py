"""Three rejected documents for each reason, so that a person can judge the rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.files import safe_join
from manifests.report.masks import MASKS
from manifests.schema.steps import StepManifest

EXAMPLES = 3
CHARACTERS = 200
Key = tuple[str, str]


@dataclass(frozen=True)
class Example:
    """A rejected document: the beginning of its text, masked, and what the step noted."""

    id: str
    language: str
    detail: str
    text: str


def examples(
    folder: Path, manifest: StepManifest, totals: Mapping[Key, int], by: str = "step"
) -> dict[Key, list[Example]]:
    """The first, the middle and the last rejected document of each group. Reads the columns that tell the
    groups, and the text of those documents only.

    Args:
        totals: documents by reason and value of the column ``by``.
    """
    wanted = {key: sorted({0, total // 2, total - 1}) for key, total in totals.items() if total}
    found: dict[Key, list[Example]] = {key: [] for key in wanted}
    seen: Counter[Key] = Counter()
    for part in manifest.parts:
        if part.rejected.rows and any(len(found[key]) < len(rows) for key, rows in wanted.items()):
            _read(safe_join(folder, part.rejected.path), by, wanted, seen, found)
    return found


def _read(
    path: Path,
    by: str,
    wanted: Mapping[Key, list[int]],
    seen: Counter[Key],
    found: dict[Key, list[Example]],
) -> None:
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_file(file)
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            for key, rows in _groups(batch, by).items():
                picked = [
                    number - seen[key]
                    for number in wanted.get(key, ())
                    if 0 <= number - seen[key] < len(rows)
                ]
                seen[key] += len(rows)
                if picked:
                    found[key].extend(_examples(batch.take(pa.array(rows[picked]))))


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


def _examples(batch: pa.RecordBatch) -> list[Example]:
    # The details of duplicates name documents, whose numbers are places and nobody's.
    details = pc.utf8_slice_codeunits(batch.column("detail").cast(pa.string()), 0, 2 * CHARACTERS)
    is_text = pc.invert(pc.starts_with(pc.fill_null(details, ""), "cluster="))
    columns = (
        batch.column("id").to_pylist(),
        pc.fill_null(batch.column("language").cast(pa.string()), "").to_pylist(),
        pc.fill_null(pc.if_else(is_text, masked(details, 2 * CHARACTERS), details), "").to_pylist(),
        masked(batch.column("text"), CHARACTERS).to_pylist(),
    )
    return [Example(*row) for row in zip(*columns, strict=True)]


def masked(texts: pa.Array, characters: int) -> pa.Array:
    """The first characters, masked; cut again after masking, so that no cut leaves half an address."""
    texts = pc.utf8_slice_codeunits(texts, 0, 2 * characters)
    for pattern, mask in MASKS:
        texts = pc.replace_substring_regex(texts, pattern=pattern, replacement=mask)
    return pc.utf8_slice_codeunits(texts, 0, characters)
