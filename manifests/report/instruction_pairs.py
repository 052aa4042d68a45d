"""What became of the instruction pairs of each source."""

from __future__ import annotations

from dataclasses import dataclass

from manifests.report.run_record import RunRecord


@dataclass(frozen=True)
class PairsRow:
    """Pairs of a source: read, in the training sets, held out, those of both whose prompt was cut to fit, and
    the rejected ones by reason."""

    source: str
    read: int
    train: int
    heldout: int
    cut: int
    rejected: dict[str, int]


def instruction_pairs(record: RunRecord) -> list[PairsRow]:
    """A row a source, in alphabetical order; nothing where the manifest has no instructions."""
    found = record.metrics("shards", "pairs")
    sources = sorted(name[1] for name in found if name[0] == "read")
    rejected: dict[str, dict[str, int]] = {source: {} for source in sources}
    for name, number in found.items():
        if name[0] == "rejected":
            rejected[name[2]][name[1]] = number
    return [
        PairsRow(
            source,
            found["read", source],
            found.get(("train", source), 0),
            found.get(("heldout", source), 0),
            found.get(("cut", source), 0),
            rejected[source],
        )
        for source in sources
    ]
