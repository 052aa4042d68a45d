"""How phases over keys run: one file, or keys that are grouped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.runtime.context import StepContext
from pipeline.runtime.key_groups import Reduce
from pipeline.runtime.phases import Phases
from pipeline.steps.dedup.clusters import Pairs
from pipeline.steps.dedup.shuffle import Buckets, Emitter, bucket_count


@dataclass(frozen=True)
class KeyPhases:
    """Phases of a step. ``prefix`` of their folders within the step's; ``key``: JSON that decides their
    output, the step's fingerprint by default."""

    context: StepContext
    prefix: str = ""
    key: Any = None

    def one(self, phase: str, work: Any) -> Path:
        """The one .npy file of a phase."""
        name = f"{self.prefix}{phase}"
        return Phases(self.context).each(name, work, 1, suffix=".npy", key=self.key)[0]

    def group(
        self, phase: str, sources: Sequence[Path], emit: Emitter | Pairs, reduce: Reduce, size: int
    ) -> list[Path]:
        """Groups ``size`` bytes of keys of all sources."""
        count = bucket_count(size)
        work = replace(emit, buckets=Buckets(count))
        return Phases(self.context).group(f"{self.prefix}{phase}", sources, work, reduce, count, self.key)
