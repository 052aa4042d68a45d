"""Some documents that near-duplicates were dropped for, with those that were dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import read_batches
from manifests.files import safe_join
from manifests.report.examples import CHARACTERS
from manifests.report.run_record import RunRecord
from manifests.report.scrubbing import Scrub, beginnings
from manifests.schema.documents import INGESTED, REJECTED, some
from manifests.schema.steps import StepManifest
from manifests.verify_dedup import DETAIL

SHOWN, MEMBERS = 8, 3
_REJECTED = some(REJECTED, "id", "text", "reason", "detail")
REASON = "near_duplicate"


@dataclass(frozen=True)
class Dropped:
    """A near-duplicate: its similarity to the document that stays, as it is written, and its beginning,
    scrubbed."""

    id: str
    similarity: str
    text: str


@dataclass
class DuplicateGroup:
    """The document that stays, with the beginning of its text (empty where it is in an earlier run), how many
    near-duplicates were dropped for it, and some of them."""

    survivor: str
    text: str = ""
    number: int = 0
    dropped: list[Dropped] = field(default_factory=list)


def near_duplicates(record: RunRecord) -> list[DuplicateGroup]:
    """Up to ``SHOWN`` groups, equally far from each other among the near-duplicates. Reads the rejects'
    details twice, the ids of kept documents once, and the texts that are shown."""
    if "dedup" not in record.steps:
        return []
    folder, manifest = record.folder / "dedup", record.steps["dedup"]
    groups = {name: DuplicateGroup(name) for name in _survivors(folder, manifest)}
    for rows in _near(folder, manifest) if groups else ():
        _add(groups, rows, record.scrub)
    names = pa.array(groups, pa.string())
    for part in manifest.parts if groups else ():
        for batch in _batches(safe_join(folder, part.kept.path), some(INGESTED, "id", "text")):
            mine = batch.filter(pc.is_in(batch.column("id"), names))
            texts = beginnings(mine.column("text"), CHARACTERS, record.scrub).to_pylist()
            for name, text in zip(mine.column("id").to_pylist(), texts, strict=True):
                groups[name].text = text
    return list(groups.values())


def _survivors(folder: Path, manifest: StepManifest) -> list[str]:
    """Those of the near-duplicates that are equally far from each other."""
    total = sum(count.documents for count in manifest.counts if count.reason == REASON)
    wanted = np.unique(np.linspace(0, max(total - 1, 0), SHOWN).round().astype(np.int64))
    names: dict[str, None] = {}
    first = 0
    for rows in _near(folder, manifest):
        mine = wanted[(wanted >= first) & (wanted < first + len(rows))] - first
        names |= dict.fromkeys(rows["survivor"].take(pa.array(mine)).drop_null().to_pylist())
        first += len(rows)
    return list(names)


def _near(folder: Path, manifest: StepManifest) -> Iterator[pa.Table]:
    """Columns id, text, survivor and similarity of the near-duplicates of each record batch."""
    for part in manifest.parts:
        if any(count.reason == REASON for count in part.counts):
            for batch in _batches(safe_join(folder, part.rejected.path), _REJECTED):
                mine = pc.equal(batch.column("reason").cast(pa.string()), REASON)
                table = pa.table({name: batch.column(name) for name in ("id", "text", "detail")}).filter(mine)
                told = pc.extract_regex(table["detail"].cast(pa.string()), DETAIL)
                for name in ("survivor", "similarity"):
                    table = table.append_column(name, pc.struct_field(told, name))
                yield table


def _add(groups: dict[str, DuplicateGroup], rows: pa.Table, scrub: Scrub) -> None:
    rows = rows.filter(pc.is_in(rows["survivor"], pa.array(groups, pa.string())))
    for one in rows.select(["id", "survivor", "similarity"]).to_pylist():
        group = groups[one["survivor"]]
        group.number += 1
        if len(group.dropped) < MEMBERS:
            mine = rows["text"].filter(pc.equal(rows["id"], one["id"])).combine_chunks()
            text = beginnings(mine, CHARACTERS, scrub)[0].as_py()
            group.dropped.append(Dropped(one["id"], one["similarity"], text))


def _batches(path: Path, wanted: pa.Schema) -> Iterator[pa.RecordBatch]:
    if path.exists():
        yield from read_batches(path, wanted)
