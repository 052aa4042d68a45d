"""Record batches on their way through a job."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa

from pipeline.runtime.batch_result import BatchResult


def _serialized(
    batch: pa.RecordBatch,
) -> tuple[Callable[[bytes, pa.Schema], pa.RecordBatch], tuple[bytes, pa.Schema]]:
    # Pickling a sliced batch would ship its whole parent buffer; an IPC message holds the slice alone.
    return pa.ipc.read_record_batch, (batch.serialize().to_pybytes(), batch.schema)


@dataclass(frozen=True)
class Element:
    """A record batch on its way through a job. ``batch`` is None after the last one: the part's end, so that
    a lost batch shows."""

    part: int
    sequence: int
    row: int
    batch: pa.RecordBatch | BatchResult | None

    def __reduce__(self) -> tuple[Any, ...]:
        batch = self.batch
        if isinstance(batch, pa.RecordBatch):
            return _element, (self.part, self.sequence, self.row, (_serialized(batch),), None)
        if isinstance(batch, BatchResult):
            packed = (_serialized(batch.kept), _serialized(batch.rejected))
            return _element, (self.part, self.sequence, self.row, packed, (batch.counts, batch.metrics))
        return Element, (self.part, self.sequence, self.row, None)


def _element(
    part: int, sequence: int, row: int, packed: tuple[Any, ...], decided: tuple[Any, Any] | None
) -> Element:
    first, *rest = [pa.ipc.read_record_batch(data, schema) for _, (data, schema) in packed]
    return Element(part, sequence, row, first if decided is None else BatchResult(first, rest[0], *decided))


class ElementCoder(beam.coders.Coder):
    """Elements by pickle, should a runner move one. Beam also asks now and then how large an element is, only
    to count bytes, and its own coder would pickle the whole batch to know."""

    def encode(self, value: Element) -> bytes:
        """An element as bytes."""
        return pickle.dumps(value)

    def decode(self, encoded: bytes) -> Element:
        """The element that the bytes were made from."""
        element: Element = pickle.loads(encoded)
        return element

    def estimate_size(self, value: Element) -> int:
        """Bytes of the Arrow buffers."""
        batch = value.batch
        return (
            batch.kept.nbytes + batch.rejected.nbytes
            if isinstance(batch, BatchResult)
            else 0
            if batch is None
            else batch.nbytes
        )

    def is_deterministic(self) -> bool:
        """False: an element is no key."""
        return False
