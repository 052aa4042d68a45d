"""The way of one document through a run: what each step did with it, and where its tokens are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.errors import UserError
from manifests.files import safe_join
from manifests.redaction import is_redacted
from manifests.report.scrubbing import Scrub, shown_details
from manifests.schema.base import load
from manifests.schema.documents import INGESTED, REJECTED, some
from manifests.schema.shards import ShardManifest, TokenSet
from manifests.schema.steps import StepManifest
from manifests.step_order import steps_in

DETAIL = 500
_KEYS = some(INGESTED, "id", "hash")
_IDS = some(INGESTED, "id")
_STREAM = pa.schema([pa.field("start", pa.uint32()), pa.field("tokens", pa.list_(pa.uint32()))])
_NOTED = ("source", "language", "language_score", "script", "duplicates", "use", "epochs", "tokens")


@dataclass(frozen=True)
class Fate:
    """What a step did with the document: ``row`` of ``part`` in its kept or rejected file; ``noted``: what
    the step knows of it; ``signals``: by name, from the quality step on."""

    step: str
    kept: bool
    part: int
    row: int
    reason: str
    detail: str | None
    broken_rules: tuple[str, ...]
    text_changed: bool
    noted: dict[str, Any]
    signals: dict[str, float]


@dataclass(frozen=True)
class Place:
    """A row of a shard that holds tokens of the document, ``tokens`` of them from its token ``start`` on."""

    set: str
    shard: str
    row: int
    start: int
    tokens: int


def document_way(run: Path, document: str, scrub: Scrub) -> list[Fate]:
    """The steps that the document went through, to the one that rejected it or the last. It is followed by
    its id, and by its hash where the privacy step has scrubbed the id.

    Raises:
        UserError: no step read such a document, or the rejects were redacted.
    """
    way: list[Fate] = []
    hashed: bytes | None = None
    before: str | None = None
    for step, manifest in steps_in(run).items():
        # Before that, exact duplicates have the same hash.
        alone = hashed if any(fate.step == "dedup" for fate in way) else None
        found = _find(run, step, manifest, document, alone)
        if found is None and way:
            break
        if found is None:
            continue
        row = found.read()
        hashed = row["hash"] if hashed is None else hashed
        way.append(_fate(found, row, before, scrub))
        before = row.get("text")
        if not found.kept:
            break
    if not way:
        raise UserError(
            f"no step of the run read a document with the id {document!r}",
            where=run,
            fix="give the id as `openba rejects`, `openba near` or `openba replay` print it",
        )
    return way


def places(run: Path, document: str) -> list[Place]:
    """Where the shards hold the document; nowhere, if they were not made.

    Raises:
        ManifestError: their manifest is not valid.
    """
    path = run / "shards" / "shards.json"
    sets = load(path, ShardManifest) if path.exists() else None
    if sets is None:
        return []
    every = [one for one in (*sets.sets.values(), *sets.heldout.values()) if one.kind == "stream"]
    return [place for one in every for place in _places(run / "shards", one, document)]


@dataclass(frozen=True)
class _Found:
    step: str
    kept: bool
    part: int
    row: int
    path: Path

    def read(self) -> dict[str, Any]:
        """Values of the row by column."""
        table = open_table(self.path, _IDS if self.kept else REJECTED)
        row: dict[str, Any] = table.slice(self.row, 1).to_pylist()[0]
        return row


def _find(run: Path, step: str, manifest: StepManifest, document: str, hashed: bytes | None) -> _Found | None:
    """The row with the id; if there is none, that with the hash, where one is given."""
    there = [
        (part.index, kept, path)
        for part in manifest.parts
        for kept, file in ((True, part.kept), (False, part.rejected))
        if file.rows
        and ((path := safe_join(run / step, file.path)).exists() or not is_redacted(run, step, file.path))
    ]
    for column, value in (("id", document), ("hash", hashed)):
        for part, kept, path in there if value is not None else ():
            row = _row(path, column, value)
            if row >= 0:
                return _Found(step, kept, part, row, path)
    return None


def _row(path: Path, column: str, value: object) -> int:
    found = open_table(path, _KEYS, [column])[column]
    row: int = pc.index(found, pa.scalar(value, found.type)).as_py()
    return row


def _fate(found: _Found, row: dict[str, Any], before: str | None, scrub: Scrub) -> Fate:
    detail = shown_details(pa.array([row.get("detail")], pa.string()), DETAIL, scrub).to_pylist()[0]
    signals = {name: value for name, value in (row.get("signals") or {}).items() if value is not None}
    return Fate(
        found.step,
        found.kept,
        found.part,
        found.row,
        row.get("reason") or "",
        detail,
        tuple(row.get("broken_rules") or ()),
        before is not None and row.get("text", before) != before,
        {name: row[name] for name in _NOTED if row.get(name) is not None},
        {name: value for name, value in signals.items() if np.isfinite(value)},
    )


def _places(folder: Path, tokens: TokenSet, document: str) -> Iterator[Place]:
    for shard in tokens.shards:
        path = safe_join(folder, shard.file.path)
        rows = pc.equal(open_table(path, _IDS, ["id"])["id"], document).to_numpy().nonzero()[0]
        if len(rows):
            starts, lists = open_table(path, _STREAM, ["start", "tokens"]).columns
            for row in rows.tolist():
                yield Place(tokens.name, shard.file.path, row, starts[row].as_py(), len(lists[row]))
