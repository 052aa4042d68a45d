"""What each task gave to the instruction sets, and of which kinds the templates are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from manifests.report.run_record import RunRecord
from manifests.schema.documents import LANGUAGES


@dataclass(frozen=True)
class TaskRow:
    """Pairs of a task in a language: made by its templates, trained on with so many ``tokens``, ``share`` of
    the language's, by so many ``templates``, held out, those of both whose prompt was made to fit, and the
    rejected ones by reason."""

    language: str
    task: str
    templates: int
    made: int
    train: int
    tokens: int
    share: float
    heldout: int
    cut: int
    rejected: dict[str, int]


@dataclass(frozen=True)
class KindRow:
    """Trained tokens of one kind of templates, and their share of the language's."""

    language: str
    kind: str
    tokens: int
    share: float


def instruction_tasks(record: RunRecord) -> list[TaskRow]:
    """A row a task and language, by language, the greatest first; nothing where the manifest has none."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for name, number in record.metrics("shards", "tasks").items():
        what = name[:2] if name[0] == "rejected" else name[:1]
        language, *task = name[len(what) :]
        counts[language, "/".join(task)]["/".join(what)] = number
    whole = _sums((language, found.get("tokens", 0)) for (language, _), found in counts.items())
    rows = [_row(language, task, found, whole[language]) for (language, task), found in counts.items()]
    return sorted(rows, key=lambda row: (LANGUAGES.index(row.language), -row.tokens, row.task))


def _sums(numbers: Iterable[tuple[str, int]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for name, number in numbers:
        sums[name] += number
    return sums


def _row(language: str, task: str, found: dict[str, int], whole: int) -> TaskRow:
    rejected = {
        name.removeprefix("rejected/"): number
        for name, number in found.items()
        if name.startswith("rejected/")
    }
    return TaskRow(
        language,
        task,
        found.get("templates", 0),
        found.get("made", 0),
        found.get("train", 0),
        found.get("tokens", 0),
        found.get("tokens", 0) / max(whole, 1),
        found.get("heldout", 0),
        found.get("cut", 0),
        rejected,
    )


def template_kinds(record: RunRecord) -> list[KindRow]:
    """A row a kind and language."""
    found = record.metrics("shards", "kinds")
    whole = _sums((language, number) for (_, language), number in found.items())
    rows = [
        KindRow(language, kind, number, number / max(whole[language], 1))
        for (kind, language), number in found.items()
    ]
    return sorted(rows, key=lambda row: (LANGUAGES.index(row.language), -row.tokens, row.kind))
