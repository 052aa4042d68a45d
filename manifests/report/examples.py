"""Three rejected documents for each reason, so that a person can judge the rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.files import safe_join
from manifests.schema.steps import KEPT, StepManifest

EXAMPLES = 3
CHARACTERS = 200
# Texts come from before the privacy step. RE2 expressions: linear in the text.
_MASKS = (
    (r"[A-Za-z0-9._%+\-]+[@＠][A-Za-z0-9.\-]+", "‹e-mail›"),
    (r"\p{Nd}[\p{Nd}\-. ()]{5,}\p{Nd}", "‹number›"),
)


@dataclass(frozen=True)
class Example:
    """A rejected document: the beginning of its text and what the step noted, masked."""

    source: str
    language: str
    detail: str
    text: str


def examples(folder: Path, manifest: StepManifest) -> dict[str, list[Example]]:
    """Reason -> the first, the middle and the last rejected document. Reads the column of reasons, and the
    text of those documents only."""
    totals: Counter[str] = Counter()
    for count in manifest.counts:
        totals[count.reason] += count.documents
    wanted = {
        reason: sorted({0, total // 2, total - 1})
        for reason, total in totals.items()
        if reason != KEPT and total
    }
    found: dict[str, list[Example]] = {reason: [] for reason in wanted}
    seen: Counter[str] = Counter()
    for part in manifest.parts:
        if part.rejected.rows and any(
            len(found[reason]) < len(numbers) for reason, numbers in wanted.items()
        ):
            _read(safe_join(folder, part.rejected.path), wanted, seen, found)
    return found


def _read(
    path: Path, wanted: dict[str, list[int]], seen: Counter[str], found: dict[str, list[Example]]
) -> None:
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_file(file)
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            column = batch.column("reason").dictionary_encode()
            codes = column.indices.to_numpy()
            for code, reason in enumerate(column.dictionary.to_pylist()):
                rows = np.flatnonzero(codes == code)
                picked = [
                    number - seen[reason]
                    for number in wanted.get(reason, ())
                    if 0 <= number - seen[reason] < len(rows)
                ]
                seen[reason] += len(rows)
                if picked:
                    found[reason].extend(_examples(batch.take(pa.array(rows[picked]))))


def _examples(batch: pa.RecordBatch) -> list[Example]:
    texts = masked(batch.column("text"), CHARACTERS).to_pylist()
    details = masked(batch.column("detail"), 2 * CHARACTERS).to_pylist()
    languages = batch.column("language").to_pylist()
    sources = batch.column("source").to_pylist()
    rows = zip(sources, languages, details, texts, strict=True)
    return [
        Example(source, language or "", detail or "", text or "") for source, language, detail, text in rows
    ]


def masked(texts: pa.Array, characters: int) -> pa.Array:
    """The first characters, masked; cut again after masking, so that no cut leaves half an address."""
    texts = pc.utf8_slice_codeunits(texts, 0, 2 * characters)
    for pattern, mask in _MASKS:
        texts = pc.replace_substring_regex(texts, pattern=pattern, replacement=mask)
    return pc.utf8_slice_codeunits(texts, 0, characters)
