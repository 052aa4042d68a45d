"""The Beam jobs that phases are made of: read a part's batches, transform them, write the part; or write one
file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
from apache_beam.metrics import Metrics

from manifests.files import atomic_write, drop_page_cache
from pipeline.runtime.batch_result import BatchPosition, BatchResult
from pipeline.runtime.checked_file import CheckedFile
from pipeline.runtime.elements import Element, ElementCoder
from pipeline.runtime.file_names import part_name
from pipeline.runtime.part_sinks import WritePart, WriteRows
from pipeline.runtime.receipts import write_receipt
from pipeline.runtime.stateless import Stateless
from pipeline.runtime.transform import Extractor, PartTask, Transform

# As a runner shows them: documents that went through a phase; of a step's own phase the bytes of their texts,
# and how many are kept as rejects.
_DOCUMENTS, _BYTES, _REJECTED = (
    Metrics.counter("openba", name) for name in ("documents", "bytes", "rejected")
)


@beam.typehints.with_output_types(Element)
class ReadPart(Stateless):
    """PartTask -> its record batches, then the end mark.

    ``last``: nobody will read the part again, so that it leaves the system's cache once it has gone through
    the job. A corpus larger than
    the memory then pushes nothing else out, and what is written next gets pages that are at hand: where a
    virtual machine's free memory goes back to its host, new ones cost more than all that is done to them (0.2
    instead of 0.015 s for 60 MB).
    """

    def __init__(self, last: bool) -> None:
        self._last = last

    def process(self, task: PartTask) -> Iterator[Element]:
        """The task's batches in order, then its end mark: an element without a batch, with their number."""
        sequence, row = 0, 0
        for batch in task.reader:
            rows = batch.num_rows
            yield Element(task.index, sequence, row, batch)
            sequence, row = sequence + 1, row + rows
            del batch  # it maps the file, and what is mapped stays in the cache
        yield Element(task.index, sequence, row, None)
        if self._last and isinstance(task.reader, CheckedFile):
            drop_page_cache(task.reader.path)


@beam.typehints.with_output_types(Element)
class ApplyWork(Stateless):
    """Runs a transform or an extractor on each batch."""

    def __init__(self, work: Transform | Extractor) -> None:
        self._work = work

    def setup(self) -> None:
        """Loads what the transform needs, once in a worker."""
        self._work.setup()

    def process(self, element: Element) -> Iterator[Element]:
        """The transform's outcome for a batch; an end mark as it is."""
        if element.batch is None:
            yield element
        else:
            result = self._work.process(element.batch, BatchPosition(element.part, element.row))
            _count(element.batch, result)
            yield Element(element.part, element.sequence, element.row, result)


def _count(batch: pa.RecordBatch, result: BatchResult | pa.RecordBatch) -> None:
    _DOCUMENTS.inc(batch.num_rows)
    if isinstance(result, BatchResult):
        _BYTES.inc(sum(count.bytes for count in result.counts))
        _REJECTED.inc(result.rejected.num_rows)


class TransformParts(beam.PTransform):
    """PartTasks -> indices of the parts written: read, apply, write, fused so that text never goes through a
    shuffle."""

    def __init__(self, work: Transform | Extractor, sink: WritePart | WriteRows) -> None:
        super().__init__()
        self._work = work
        self._sink = sink

    def expand(self, tasks: beam.PCollection) -> beam.PCollection:
        """Tasks -> what the sink reports of each part."""
        beam.coders.registry.register_coder(Element, ElementCoder)
        last = isinstance(self._sink, WritePart)  # signals and keys are extracted before a step decides
        return (
            tasks
            | "read" >> beam.ParDo(ReadPart(last))
            | "apply" >> beam.ParDo(ApplyWork(self._work))
            | "write" >> beam.ParDo(self._sink)
        )


@dataclass(frozen=True)
class WriteOne:
    """Runs one independent piece of work that writes one file."""

    folder: Path
    suffix: str
    fingerprint: str
    work: Callable[[int, Path], None]

    def __call__(self, index: int) -> int:
        with atomic_write(self.folder / f"{part_name(index)}{self.suffix}") as temporary:
            self.work(index, temporary)
        write_receipt(self.folder, part_name(index), self.fingerprint, {})
        return index
