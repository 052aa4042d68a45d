"""A step of the corpus: it arranges phases of transforms and extractors over the parts of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import File, Part
from pipeline.runtime.context import StepContext


@dataclass(frozen=True)
class StepResult:
    """What a step made: its parts, metrics beyond the parts' own, and further files (models, shards).

    ``artifacts``: those of the files that later steps use, by the name under which they find them.
    """

    parts: list[Part]
    metrics: dict[str, int] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    artifacts: dict[str, list[File]] = field(default_factory=dict)


class Step(ABC):
    """One step of the corpus. ``version`` changes whenever the same input would give other output."""

    name: str
    version: int

    @abstractmethod
    def settings(self, corpus: CorpusManifest) -> dict[str, Any]:
        """Everything of the manifest that decides this step's output, as JSON."""

    def inputs(self, context: StepContext) -> dict[str, str]:
        """SHA-256 by name of the files from outside the run that decide this step's output."""
        return {}

    @abstractmethod
    def run(self, context: StepContext) -> StepResult:
        """Does the work. Called only when the fingerprint says that there is any."""
