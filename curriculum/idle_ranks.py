"""What is said of a stage that leaves processes idle."""

from __future__ import annotations

from collections.abc import Callable

from manifests.schema.stage import Stage

ENOUGH = 0.9
"""Of the time that processes are busy: less is warned of."""


def idle_warning(stage: Stage, ranks: int, share: Callable[[int], float]) -> str | None:
    """A line, if ``ranks`` processes would be busy for less than ENOUGH of the time, with the half, quarter
    or so of them that are busy; ``share`` tells the useful share (see curriculum.packing) of so many."""
    busy = share(ranks)
    if busy >= ENOUGH:
        return None
    fewer = ranks // 2
    while share(fewer) < ENOUGH:
        fewer //= 2
    return (
        f"stage {stage.name}: {ranks} processes are busy for {busy:.0%} of the time: "
        f"one computes a sample whole, and of the {stage.global_batch:,} of a step the dearest "
        f"decides; raise global_batch, or train on fewer: {fewer} are busy for {ENOUGH:.0%} or more"
    )
