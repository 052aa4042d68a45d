"""Work inside a worker: a Transform decides on batches of documents, an Extractor computes a row for each;
and the parts that they are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from pipeline.runtime.batch_result import BatchPosition, BatchResult


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
