"""Each source through the steps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from manifests.report.run_record import RunRecord
from manifests.schema.documents import STEPS
from manifests.schema.steps import KEPT


def names(record: RunRecord) -> list[str]:
    """The sources of the manifest, in its order."""
    settings = record.steps["ingest"].settings if "ingest" in record.steps else {}
    return [source["name"] for source in settings.get("sources", ())]


def sources_without_documents(record: RunRecord) -> list[str]:
    """Those of which no document was read, rejected ones included."""
    given = {count.source for count in record.steps["ingest"].counts} if "ingest" in record.steps else set()
    return [name for name in names(record) if name not in given]


@dataclass(frozen=True)
class SourceRow:
    """Documents of a source: given to the first step, kept by each step, and what took most of them, but for
    the planner of the shards, which leaves what the budget does not need."""

    name: str
    documents: int
    kept: tuple[int, ...]
    lost_most: str
    lost: int


def sources(record: RunRecord) -> list[SourceRow]:
    """A row a source of the manifest, in alphabetical order."""
    given = Counter(dict.fromkeys(names(record), 0))
    kept: dict[str, Counter[str]] = {step: Counter() for step in record.steps}
    lost: dict[str, Counter[str]] = {}
    for number, (step, manifest) in enumerate(record.steps.items()):
        for count in manifest.counts:
            given[count.source] += count.documents * (number == 0)
            kept[step][count.source] += count.documents * (count.reason == KEPT)
            if count.reason != KEPT and step != STEPS[-1]:
                lost.setdefault(count.source, Counter())[f"{step}: {count.reason}"] += count.documents
    rows = []
    for name in sorted(given):
        most, number = max(lost.get(name, {"": 0}).items(), key=lambda item: (item[1], item[0]))
        rows.append(SourceRow(name, given[name], tuple(by[name] for by in kept.values()), most, number))
    return rows
