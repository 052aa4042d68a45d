"""The two shapes of work: a Transform decides on batches inside a worker; a Step arranges transforms over the
parts of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from manifests.errors import UserError
from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import File, Part
from pipeline.runtime.batch_result import BatchPosition, BatchResult

if TYPE_CHECKING:
    from pipeline.runtime.context import StepContext


class PipelineError(UserError):
    """A step that cannot go on; the message says what was wrong, where, and what to do."""


class Transform(ABC):
    """Decides on batches of documents. Instances travel to workers by pickle: hold settings and paths, load
    models in ``setup``."""

    schema: pa.Schema

    def setup(self) -> None:  # noqa: B027 - most need no set-up
        """Called once in each worker before the first batch."""

    @abstractmethod
    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        """Decides on one batch. Every document of it must be in the outcome, kept or rejected."""


class Extractor(ABC):
    """Computes one output row for each document (signals, keys, tokens) without deciding anything."""

    schema: pa.Schema

    def setup(self) -> None:  # noqa: B027 - most need no set-up
        """Called once in each worker before the first batch."""

    @abstractmethod
    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        """Rows of ``schema`` for the documents of one batch."""


@dataclass(frozen=True)
class PartTask:
    """One part of the work: its index and a picklable, re-iterable source of record batches."""

    index: int
    reader: Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class StepResult:
    """What a step made: its parts, metrics beyond the parts' own, and further files (models, shards)."""

    parts: list[Part]
    metrics: dict[str, int] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)


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
