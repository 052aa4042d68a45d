"""Personal data before and after the privacy step: three for each kind, in the words around them. The values
are shown by their form alone: the page may be shared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.files import safe_join
from manifests.report.examples import EXAMPLES
from manifests.report.replaced_data import Replaced, replaced
from manifests.report.run_record import RunRecord
from manifests.report.scrubbing import Scrub, beginnings
from manifests.schema.documents import IDENTIFIED, some
from manifests.schema.steps import Part
from manifests.step_order import step_before

SECRETS = frozenset({"api_key", "private_key", "password"})
_AROUND, _LONGEST = 48, 48
_SHOWN, _SHORTEST_SHOWN = 2, 8
_DOCUMENTS = 20
"""So many of a part's are looked at for a kind."""


@dataclass(frozen=True)
class ScrubbedDatum:
    """A datum of a document: the ``form`` of its value, what is in its place (``filling``, nothing where it
    was removed), and the scrubbed text before and after it."""

    document: str
    language: str
    before: str
    form: str
    filling: str
    after: str


def form(value: str, kind: str) -> str:
    """A value with its letters and digits hidden, but for the first two of a long one; of a secret nothing
    shows, not even its length."""
    if kind in SECRETS:
        return "•" * 8
    shown = _SHOWN if sum(map(str.isalnum, value)) >= _SHORTEST_SHOWN else 0
    hidden = value[:shown] + re.sub(r"[^\W_]", "•", value[shown:])
    return " ".join(hidden[:_LONGEST].split()) + "…" * (len(hidden) > _LONGEST)


def privacy_examples(record: RunRecord) -> dict[str, list[ScrubbedDatum]]:
    """By kind. Reads the parts in which the first, the middle and the last of a kind could be, and only those
    that are still there."""
    if "privacy" not in record.steps:
        return {}
    manifest = record.steps["privacy"]
    before = step_before("privacy", manifest)
    if before not in record.steps:
        return {}
    old = {part.index: record.folder / before / part.kept.path for part in record.steps[before].parts}
    found: dict[str, list[ScrubbedDatum]] = {}
    for part, kinds in _parts(manifest.parts).items():
        rejects = safe_join(record.folder / "privacy", manifest.parts[part].rejected.path)
        if part in old and old[part].exists() and rejects.exists():
            changes = _Changes(record.folder / "privacy", manifest.parts[part], old[part])
            removed = _removed(manifest.settings)
            for kind, number in kinds.items():
                found.setdefault(kind, []).extend(islice(changes.of(kind, removed, record.scrub), number))
    return found


def _removed(settings: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """The kinds that leave nothing in their place."""
    return tuple(kind for kind, action in settings.get("actions", {}).items() if action == "remove")


def _parts(parts: tuple[Part, ...]) -> dict[int, dict[str, int]]:
    """How many examples of each kind to take from which part, by its place."""
    having: dict[str, list[int]] = {}
    for place, part in enumerate(parts):
        for kind in {name.split("/")[1] for name in part.metrics if name.startswith("found/")}:
            having.setdefault(kind, []).append(place)
    wanted: dict[int, dict[str, int]] = {}
    for kind, places in sorted(having.items()):
        for number in range(EXAMPLES):
            place = places[number * (len(places) - 1) // (EXAMPLES - 1)]
            of_part = wanted.setdefault(place, {})
            of_part[kind] = of_part.get(kind, 0) + 1
    return wanted


class _Changes:
    """The documents of a part that the privacy step changed."""

    def __init__(self, folder: Path, part: Part, old: Path) -> None:
        files = [safe_join(folder, file.path) for file in (part.kept, part.rejected)]
        after = pa.concat_tables([_texts(file) for file in files])
        before = _texts(old)
        rows = pc.index_in(after["id"], value_set=before["id"].combine_chunks())
        after = after.filter(pc.is_valid(rows))
        before = before.take(rows.drop_null())
        changed = pc.not_equal(after["text"], before["text"])
        self._table = after.filter(changed).append_column("old", before.filter(changed)["text"])

    def of(self, kind: str, removed: tuple[str, ...], scrub: Scrub) -> Iterator[ScrubbedDatum]:
        """Data of a kind, one of each document. What was removed is known to be of a kind only where no other
        kind is removed."""
        if kind in removed and len(removed) > 1:
            return
        table = self._table
        if kind not in removed:
            table = table.filter(pc.match_substring(table["text"], f"<{kind.upper()}"))
        for row in table.slice(0, _DOCUMENTS).to_pylist():
            for one in replaced(row["old"], row["text"]):
                if _kind(one.filling, removed) == kind:
                    yield _datum(row, one, kind, scrub)
                    break


def _kind(filling: str, removed: tuple[str, ...]) -> str:
    """The kind that left this in its place, the first of several in a row."""
    if not filling:
        return removed[0] if removed else ""
    return re.split("[:>]", filling[1:], maxsplit=1)[0].lower()


def _datum(row: dict[str, str], one: Replaced, kind: str, scrub: Scrub) -> ScrubbedDatum:
    text, end = row["text"], one.place + len(one.filling)
    around = pa.array([text[max(0, one.place - _AROUND) : one.place], text[end : end + _AROUND]])
    before, after = beginnings(around, _AROUND, scrub).to_pylist()
    value = form(one.value, kind)
    return ScrubbedDatum(row["id"], row["language"] or "", before, value, one.filling, after)


def _texts(file: Path) -> pa.Table:
    names = ["id", "language", "text"]
    table = open_table(file, some(IDENTIFIED, *names), names)
    return table.set_column(1, "language", table["language"].cast(pa.string()))
