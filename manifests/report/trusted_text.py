"""What a run dropped of its reference sources, up to the quality step, by source and rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from manifests.report.examples import Example, Key, examples
from manifests.report.run_record import RunRecord
from manifests.schema.steps import KEPT
from manifests.trusted_loss import MOST_LOSS

SHOWN = 24
"""Pairs of source and rule that are shown with examples."""


@dataclass(frozen=True)
class LostByRule:
    """Documents of a trusted source that were rejected for one reason; ``documents`` it had."""

    source: str
    step: str
    reason: str
    lost: int
    documents: int
    examples: tuple[Example, ...] = ()

    @property
    def share(self) -> float:
        """0..1 of the source's documents; 1 where a step was made from others than are there now."""
        return min(1.0, self.lost / max(1, self.documents))

    @property
    def much(self) -> bool:
        """Whether it is more than a rule may drop without a warning."""
        return self.share > MOST_LOSS


@dataclass(frozen=True)
class TrustedSource:
    """A reference source: documents that were read and lost, and why, the greatest loss first."""

    name: str
    documents: int
    lost: int
    rules: tuple[LostByRule, ...]

    @property
    def share(self) -> float:
        """0..1 of its documents."""
        return min(1.0, self.lost / max(1, self.documents))


def trusted_sources(record: RunRecord) -> list[TrustedSource]:
    """Those of a run whose quality step is done, the greatest share lost first. A document counts for the
    first rule that it broke. The ``SHOWN`` greatest losses have examples."""
    if "quality" not in record.steps:
        return []
    losses = sorted(_losses(record), key=lambda loss: (-loss.share, loss.source, loss.reason))
    shown = dict.fromkeys(losses[:SHOWN]) | _with_examples(record, losses[:SHOWN])
    losses = [shown.get(loss) or loss for loss in losses]
    found = []
    for name, documents in _documents(record).items():
        mine = tuple(loss for loss in losses if loss.source == name)
        found.append(TrustedSource(name, documents, sum(loss.lost for loss in mine), mine))
    return sorted(found, key=lambda source: (-source.share, source.name))


def _documents(record: RunRecord) -> dict[str, int]:
    """Documents of each trusted source, as the first step was given them."""
    total = dict.fromkeys(sorted(record.steps["quality"].settings.get("references", ())), 0)
    for count in next(iter(record.steps.values())).counts:
        if count.source in total:
            total[count.source] += count.documents
    return total


def _losses(record: RunRecord) -> Iterator[LostByRule]:
    whole = _documents(record)
    for step, manifest in record.steps.items():
        lost: Counter[Key] = Counter()
        for count in manifest.counts:
            if count.source in whole and count.reason != KEPT:
                lost[count.reason, count.source] += count.documents
        for (reason, source), number in lost.items():
            yield LostByRule(source, step, reason, number, whole[source])
        if step == "quality":
            return


def _with_examples(record: RunRecord, losses: list[LostByRule]) -> dict[LostByRule, LostByRule]:
    """The losses with three of the documents each."""
    found: dict[LostByRule, LostByRule] = {}
    for step in dict.fromkeys(loss.step for loss in losses):
        mine = {(loss.reason, loss.source): loss for loss in losses if loss.step == step}
        totals = {key: loss.lost for key, loss in mine.items()}
        such = examples(record.folder / step, record.steps[step], totals, record.scrub, by="source")
        for key, loss in mine.items():
            found[loss] = LostByRule(
                loss.source, step, loss.reason, loss.lost, loss.documents, tuple(such[key])
            )
    return found
