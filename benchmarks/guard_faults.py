"""Which faults the guard sees, how soon, and how often it is wrong.

    python -m benchmarks.guard_faults

The losses of real trainings (tests/data/loss_curves.json, made by benchmarks.guard_curves), one of each seed, get
a fault put in: of each kind, some sizes, at the beginning, in the middle and at the end of each stage. Sizes are
shares of the way from a stage's usual loss back to what a model with new weights loses; a fault stays for the
rest of its stage, but for single steps. Then every undisturbed curve is watched with noise of its own put on top.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manifests.schema.train_settings import GuardSettings
from trainer.monitor.divergence import DivergenceMonitor

CURVES = Path(__file__).parents[1] / "tests" / "data" / "loss_curves.json"
Losses = NDArray[np.float64]
Record = dict[str, Any]
Change = Callable[[Losses, float], None]
"""Adds a fault to losses, from the first of them on; so many nats are its size."""


@dataclass(frozen=True)
class Fault:
    """``quiet``: the guard should say nothing. ``last``: it stands at the end of its stage, and may be as many
    steps long."""

    name: str
    change: Change
    quiet: bool = False
    last: int = 0


def spikes(every: int | None) -> Change:
    """One step, or every so many."""

    def change(losses: Losses, nats: float) -> None:
        losses[:: every or len(losses)] += nats

    return change


def jump(losses: Losses, nats: float) -> None:
    """All from the first on."""
    losses += nats


def drift(losses: Losses, nats: float) -> None:
    """A slope that is as high as it gets after 60 steps."""
    losses += nats * np.minimum(np.arange(1, len(losses) + 1) / 60, 1)


def lost(steps: int | None) -> Change:
    """Losses that are not a number."""

    def change(losses: Losses, _: float) -> None:
        losses[:steps] = np.nan

    return change


FAULTS = (
    Fault("one spike", spikes(None), quiet=True),
    Fault("a spike every 4th step", spikes(4)),
    Fault("a spike every 2nd step", spikes(2)),
    Fault("jump", jump),
    Fault("drift over 60 steps", drift),
    Fault("blow-up in the last 2 steps", jump, last=2),
    Fault("blow-up by the last update", jump, last=0),
    Fault("one loss or gradient not finite", lost(1), quiet=True),
    Fault("all of them not finite", lost(None)),
)
SIZES = (0.25, 0.5, 1.0, 2.0)


def curves() -> Iterator[tuple[float, list[Record]]]:
    """The loss of a model with new weights, and the records of a training, for each seed."""
    data = json.loads(CURVES.read_text(encoding="utf-8"))
    for seed in data["seeds"]:
        yield (
            data["untrained"],
            [
                {"step": step, "stage": stage, "learning_rate": rate, "loss": loss}
                | {key: seed[key][str(step)] for key in ("expected", "part") if str(step) in seed[key]}
                for step, (stage, rate, loss) in enumerate(
                    zip(data["stages"], data["rates"], seed["losses"], strict=True), 1
                )
            ],
        )


def watched(untrained: float, records: list[Record], spoilt: float = 0.0) -> int | None:
    """The step after which the guard found something; None where it did not. ``spoilt``: so many nats more do the
    last step's samples lose after its update than before it."""
    monitor = DivergenceMonitor(GuardSettings(), untrained)
    for record, following in zip(records, [*records[1:], None], strict=True):
        if monitor.observe(record):
            return int(record["step"])
        if following is None or following["stage"] != record["stage"]:
            after = math.nan if "skipped" in record else record["loss"] + (0 if following else spoilt)
            if not monitor.judge_weights(record, after, last=True)[0]:
                return int(record["step"])
    return None


def with_losses(records: list[Record], losses: Losses) -> list[Record]:
    """The same steps with other losses."""
    return [
        record
        | ({"loss": float(loss)} if np.isfinite(loss) else {"loss": None, "skipped": "the loss is nan"})
        for record, loss in zip(records, losses, strict=True)
    ]


def positions(records: list[Record], fault: Fault) -> Iterator[tuple[int, int]]:
    """Where a fault is put in: its first step, and the end of its stage."""
    stages = [record["stage"] for record in records]
    for stage in dict.fromkeys(stages):
        first, count = stages.index(stage), stages.count(stage)
        end = first + count
        if "last" in fault.name:
            yield end - max(fault.last, 1), end
        else:
            yield from ((first + place, end) for place in (0, 2, count // 4, count // 2))


def found(fault: Fault, size: float, seeds: int | None = None) -> tuple[int, int, list[int]]:
    """How many faults of a size there were in the first ``seeds`` trainings, how many were seen, and after how many
    steps."""
    seen: list[int] = []
    total = 0
    for untrained, records in islice(curves(), seeds):
        for first, end in positions(records, fault):
            losses = np.array([record["loss"] for record in records])
            usual = float(np.median(losses[max(0, end - 50) : end]))
            nats = size * (untrained - usual)
            total += 1
            if fault.name == "blow-up by the last update":
                step = watched(untrained, records[:end], spoilt=nats)
            else:
                fault.change(losses[first:end], nats)
                step = watched(untrained, with_losses(records[:end], losses[:end]))
            if step is not None:
                seen.append(step - first)
    return total, len(seen), seen


def false_alarms(copies: int = 50) -> tuple[int, int]:
    """How many undisturbed trainings there were and how many the guard found fault with: each curve, and
    copies of it with the noise of its steps drawn anew, from the distances of neighbours."""
    wrong = total = 0
    for seed, (untrained, records) in enumerate(curves()):
        losses = np.array([record["loss"] for record in records])
        random = np.random.default_rng(seed)
        scatter = np.concatenate([[0.0], np.diff(losses)]) / np.sqrt(2)
        for copy in range(copies):
            noise = (
                0
                if copy == 0
                else scatter[random.permutation(len(scatter))] * random.choice([-1, 1], len(scatter))
            )
            wrong += watched(untrained, with_losses(records, losses + noise)) is not None
            total += 1
    return total, wrong


def main() -> None:
    """Prints the table."""
    print("| fault | " + " | ".join(f"{size:g}" for size in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for fault in FAULTS:
        cells = []
        for size in SIZES:
            total, seen, steps = found(fault, size)
            cells.append(f"{seen / total:.0%}" + (f", {median(steps):g}" if seen else ""))
        print(f"| {fault.name}{' (to be passed over)' if fault.quiet else ''} | " + " | ".join(cells) + " |")
    total, wrong = false_alarms()
    print(f"\nfalse alarms: {wrong} of {total} undisturbed trainings")


if __name__ == "__main__":
    main()
