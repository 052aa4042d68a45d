"""How phases over keys run: one file, or keys that are grouped in as many passes as they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from manifests.store.local_copy import remove_tree
from pipeline.runtime.context import StepContext
from pipeline.runtime.key_groups import Reduce
from pipeline.runtime.phases import Phases
from pipeline.steps.dedup.clusters import Pairs
from pipeline.steps.dedup.shuffle import Emitter, passes


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
        """Groups the keys of all sources in as many passes as ``size`` bytes of them need; one folder a
        pass."""
        shares = {f"{number:04d}": share for number, share in enumerate(passes(size))}
        name, files = f"{self.prefix}{phase}", list[Path]()
        for number, share in shares.items():
            work = replace(emit, share=share)
            phases = Phases(self.context)
            files += phases.group(f"{name}/{number}", sources, work, reduce, share.count, self.key)
        for path in (self.context.folder / name).iterdir():
            if path.name not in shares:
                # Left by an earlier run with more keys.
                remove_tree(path) if path.is_dir() else path.unlink()
        return files
