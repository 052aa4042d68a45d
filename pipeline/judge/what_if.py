"""What other rules would do to a run's documents, by the signals that its quality step stored: nothing is
measured again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import read_batches
from manifests.errors import UserError
from manifests.files import safe_join
from manifests.redaction import is_redacted
from manifests.report.even_sample import BatchRows, even_sample
from manifests.report.scrubbing import Scrub, beginnings
from manifests.schema.base import load
from manifests.schema.documents import MEASURED, some
from manifests.schema.rules import Rule
from manifests.schema.steps import StepManifest
from pipeline.judge.rule_changes import RuleChange, changed_rules
from pipeline.steps.quality.rules import Verdicts, judge

CHARACTERS = 160
_JUDGED = some(MEASURED, "id", "text", "source", "language", "signals")


@dataclass(frozen=True)
class Moved:
    """A document that falls or comes back. ``before`` and ``after``: the first rule that it breaks, with the
    value, or "" where it is kept; ``text``: its scrubbed beginning."""

    id: str
    language: str
    before: str
    after: str
    text: str


@dataclass(frozen=True)
class WhatIf:
    """``moves``: documents by language, reason before and reason after ("" is kept), of those whose reason
    changes."""

    documents: int
    kept: int
    moves: dict[tuple[str, str, str], int]
    examples: list[Moved]

    def count(self, *, fall: bool, language: str | None = None) -> int:
        """Documents that are kept and would fall, or the other way."""
        return sum(
            number
            for (of, before, after), number in self.moves.items()
            if bool(after) == fall and bool(before) != fall and language in (None, of)
        )


def what_if(run: Path, changes: Sequence[RuleChange], sample: int, scrub: Scrub) -> WhatIf:
    """What the rules that the run judged by, with the changes, would keep and reject of what its quality step
    read. Later steps are not looked at.

    Args:
        sample: how many documents to show, evenly from all that fall or come back.

    Raises:
        UserError: the run has no quality step, its documents were redacted, or a change is not possible.
    """
    folder = run / "quality"
    manifest = _manifest(run)
    rules = [Rule.model_validate(rule) for rule in manifest.settings["rules"]]
    others = changed_rules(rules, changes)
    total, kept, moves, turned = 0, 0, Counter[tuple[str, str, str]](), list[BatchRows]()
    for path in _files(folder, manifest):
        for number, batch in enumerate(read_batches(path, _JUDGED)):
            one = _Judged.of(batch, rules, others)
            total, kept = total + batch.num_rows, kept + int((one.before == "").sum())
            moves.update(one.moves())
            turned.append(BatchRows(path, number, one.turned()))
    chosen = even_sample(turned, sample, _JUDGED)
    shown = [one for batch in chosen for one in _moved(batch, rules, others, scrub)]
    return WhatIf(total, kept, dict(moves), shown)


class _Judged(NamedTuple):
    """Object [documents] each: language, and what two lists of rules say, as in Moved."""

    languages: np.ndarray
    before: np.ndarray
    after: np.ndarray

    @classmethod
    def of(cls, batch: pa.RecordBatch, rules: Sequence[Rule], others: Sequence[Rule]) -> _Judged:
        languages, sources = (
            pc.fill_null(batch.column(name).cast(pa.string()), "").to_numpy(zero_copy_only=False)
            for name in ("language", "source")
        )
        column = batch.column("signals")
        values = dict(zip((field.name for field in column.type), column.flatten(), strict=True))
        signals = {name: value.to_numpy(zero_copy_only=False) for name, value in values.items()}
        said = (_said(judge(signals, languages, sources, of)) for of in (rules, others))
        return cls(languages, *said)

    def moves(self) -> Counter[tuple[str, str, str]]:
        """By language, and reason before and after; none where the value alone is another."""
        rows = np.flatnonzero(self.before != self.after)
        names = ([told.partition(":")[0] for told in side[rows]] for side in (self.before, self.after))
        moved = zip(self.languages[rows], *names, strict=True)
        return Counter(move for move in moved if move[1] != move[2])

    def turned(self) -> np.ndarray:
        return np.flatnonzero((self.before == "") != (self.after == ""))


def _said(verdicts: Verdicts) -> np.ndarray:
    told = pc.binary_join_element_wise(verdicts.reason, verdicts.detail, ": ")
    said: np.ndarray = pc.fill_null(told, "").to_numpy(zero_copy_only=False)
    return said


def _manifest(run: Path) -> StepManifest:
    path = run / "quality" / "manifest.json"
    if not path.exists():
        raise UserError(
            "the quality step has not been run", where=run, fix="run `openba quality`, or `openba corpus`"
        )
    if is_redacted(run, "quality", "rejected"):
        raise UserError("the run was redacted: its documents are gone", where=run, fix="ask another run")
    return load(path, StepManifest)


def _files(folder: Path, manifest: StepManifest) -> Iterator[Path]:
    for part in manifest.parts:
        for file in (part.kept, part.rejected):
            if file.rows:
                yield safe_join(folder, file.path)


def _moved(
    batch: pa.RecordBatch, rules: Sequence[Rule], others: Sequence[Rule], scrub: Scrub
) -> Iterator[Moved]:
    texts = beginnings(batch.column("text"), CHARACTERS, scrub).to_pylist()
    columns = (batch.column("id").to_pylist(), *_Judged.of(batch, rules, others), texts)
    return (Moved(*row) for row in zip(*columns, strict=True))
