"""How phases over keys run: one file, or keys that are grouped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.runtime.context import StepContext
from pipeline.runtime.key_groups import Emit, Reduce
from pipeline.runtime.phases import Phases


@dataclass(frozen=True)
class KeyPhases:
    """Phases of a step. ``prefix`` of their folders within the step's; ``key``: JSON that decides their
    output, the step's fingerprint by default."""

    context: StepContext
    prefix: str = ""
    key: Any = None

    def one(self, phase: str, work: Any, suffix: str = ".npy") -> Path:
        """The one file of a phase."""
        name = f"{self.prefix}{phase}"
        return Phases(self.context).each(name, work, 1, suffix, self.key)[0]

    def group(
        self, phase: str, sources: Sequence[Path], emit: Emit, reduce: Reduce, buckets: int
    ) -> list[Path]:
        """The files of the buckets that got any key."""
        name = f"{self.prefix}{phase}"
        return Phases(self.context).group(name, sources, emit, reduce, buckets, self.key)
