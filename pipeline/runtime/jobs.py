"""The Beam jobs every step is made of: read a part's batches, transform them, write the part; or shuffle
packed keys."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.files import atomic_write, cached_sha256, drop_page_cache
from manifests.schema.documents import REJECTED
from manifests.schema.steps import File, Part, merge_counts, merge_metrics
from pipeline.runtime.arrow_files import BatchWriter, describe, read_batches
from pipeline.runtime.batch_result import BatchPosition, BatchResult
from pipeline.runtime.beam_import import beam
from pipeline.runtime.dofns import Stateless
from pipeline.runtime.receipts import write_receipt
from pipeline.runtime.step import Extractor, PartTask, PipelineError, Transform

BUCKETS = 256


def _serialized(
    batch: pa.RecordBatch,
) -> tuple[Callable[[bytes, pa.Schema], pa.RecordBatch], tuple[bytes, pa.Schema]]:
    # Pickling a sliced batch would ship its whole parent buffer; an IPC message holds the slice alone.
    return pa.ipc.read_record_batch, (batch.serialize().to_pybytes(), batch.schema)


@dataclass(frozen=True)
class Element:
    """A record batch on its way through a job. ``batch`` is None behind the last one: the part's end, so that
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


beam.coders.registry.register_coder(Element, ElementCoder)


class CheckedFile:
    """The batches of an Arrow file whose SHA-256 a manifest names; a file with other bytes is refused."""

    def __init__(self, path: Path, file: File) -> None:
        self.path = path
        self._sha256 = file.sha256

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return read_batches(self.checked())

    def checked(self) -> Path:
        """The file, which has the bytes it should have.

        Raises:
            PipelineError: it has not, or is missing.
        """
        try:
            found = cached_sha256(self.path)
        except FileNotFoundError:
            raise PipelineError(
                f"{self.path} is missing; remove the manifest.json beside it and run that step again"
            ) from None
        if found != self._sha256:
            raise PipelineError(
                f"{self.path} was changed after it was written (SHA-256 {found[:12]}…, its manifest says "
                f"{self._sha256[:12]}…); "
                "remove the manifest.json beside it and run that step again"
            )
        return self.path


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
            yield Element(element.part, element.sequence, element.row, result)


class _Sink(Stateless):
    """Base of the writers: sees to it that each part's batches arrive whole and in order, within one
    bundle."""

    def start_bundle(self) -> None:
        self._open: dict[int, Any] = {}
        self._next: dict[int, int] = {}

    def finish_bundle(self) -> None:
        if self._open:
            raise PipelineError(
                f"parts {sorted(self._open)} ended without their end mark; the runner split a part over "
                "bundles"
            )

    def process(self, element: Element) -> Iterator[int]:
        expected = self._next.get(element.part, 0)
        if element.sequence != expected:
            raise PipelineError(
                f"part {element.part}: batch {element.sequence} came where batch {expected} was due"
            )
        self._next[element.part] = expected + 1
        if element.part not in self._open:
            self._open[element.part] = self._begin(element.part)
        if element.batch is not None:
            self._add(self._open[element.part], element)
            return
        self._end(element.part, self._open.pop(element.part))
        yield element.part

    def _begin(self, part: int) -> Any:
        raise NotImplementedError

    def _add(self, state: Any, element: Element) -> None:
        raise NotImplementedError

    def _end(self, part: int, state: Any) -> None:
        raise NotImplementedError


def part_name(index: int) -> str:
    """Name of a part's files, without what follows the dot."""
    return f"part-{index:05d}"


class WritePart(_Sink):
    """Writes kept and rejected documents, each to a temporary name first, then the part's record."""

    def __init__(self, folder: Path, schema: pa.Schema, fingerprints: dict[int, str]) -> None:
        self._folder = folder
        self._schema = schema
        self._fingerprints = fingerprints

    def _begin(self, part: int) -> _OpenPart:
        return _OpenPart(self._folder, part_name(part), self._schema)

    def _add(self, state: _OpenPart, element: Element) -> None:
        assert isinstance(element.batch, BatchResult)
        state.add(element.batch)

    def _end(self, part: int, state: _OpenPart) -> None:
        record = state.close(part)
        write_receipt(self._folder, part_name(part), self._fingerprints[part], record.model_dump())


class _OpenPart:
    """A part being written."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema) -> None:
        self._folder = folder
        self._paths = (folder / f"{name}.arrow", folder / "rejected" / f"{name}.arrow")
        self._contexts = [atomic_write(path) for path in self._paths]
        kept, rejected = (context.__enter__() for context in self._contexts)
        self._kept, self._rejected = BatchWriter(kept, schema), BatchWriter(rejected, REJECTED)
        self._outcomes: list[tuple[Any, dict[str, int]]] = []
        self._documents = 0

    def add(self, outcome: BatchResult) -> None:
        self._kept.write(outcome.kept)
        self._rejected.write(outcome.rejected)
        self._outcomes.append((outcome.counts, outcome.metrics))
        self._documents += sum(count.documents for count in outcome.counts)

    def close(self, index: int) -> Part:
        self._kept.close()
        self._rejected.close()
        for context in self._contexts:
            context.__exit__(None, None, None)
        part = Part(
            index=index,
            kept=describe(self._paths[0], self._folder, self._kept.rows),
            rejected=describe(self._paths[1], self._folder, self._rejected.rows),
            documents_in=self._documents,
            counts=merge_counts(counts for counts, _ in self._outcomes),
            metrics=merge_metrics(metrics for _, metrics in self._outcomes),
        )
        drop_page_cache(self._paths[1])  # for people; no step reads it
        return part


class WriteRows(_Sink):
    """Writes an extractor's rows, one file a part, then its record."""

    def __init__(self, folder: Path, schema: pa.Schema, fingerprints: dict[int, str]) -> None:
        self._folder = folder
        self._schema = schema
        self._fingerprints = fingerprints

    def _begin(self, part: int) -> tuple[Any, BatchWriter]:
        context = atomic_write(self._folder / f"{part_name(part)}.arrow")
        return context, BatchWriter(context.__enter__(), self._schema)

    def _add(self, state: tuple[Any, BatchWriter], element: Element) -> None:
        state[1].write(element.batch)

    def _end(self, part: int, state: tuple[Any, BatchWriter]) -> None:
        context, writer = state
        writer.close()
        context.__exit__(None, None, None)
        write_receipt(self._folder, part_name(part), self._fingerprints[part], {"rows": writer.rows})


class TransformParts(beam.PTransform):
    """PartTasks -> indices of the parts written: read, apply, write, fused so that text never goes through a
    shuffle."""

    def __init__(self, work: Transform | Extractor, sink: WritePart | WriteRows) -> None:
        super().__init__()
        self._work = work
        self._sink = sink

    def expand(self, tasks: beam.PCollection) -> beam.PCollection:
        """Tasks -> what the sink reports of each part."""
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


Emit = Callable[[int, Path], Iterator[tuple[int, bytes]]]
Reduce = Callable[[int, list[bytes]], bytes]


@dataclass(frozen=True)
class EmitKeys:
    """(index, path) -> packed keys by bucket."""

    emit: Emit

    def __call__(self, source: tuple[int, Path]) -> Iterator[tuple[int, bytes]]:
        return self.emit(*source)


@dataclass(frozen=True)
class ReduceBucket:
    """(bucket, payloads) -> the bucket's file. Its name is made durable with those of all other buckets,
    before their common record."""

    folder: Path
    reduce: Reduce

    def __call__(self, group: tuple[int, Iterable[bytes]]) -> int:
        bucket, payloads = group
        with atomic_write(self.folder / bucket_name(bucket), sync_folder=False) as temporary:
            temporary.write_bytes(self.reduce(bucket, list(payloads)))
        return bucket


def bucket_name(bucket: int) -> str:
    """Name of a bucket's files, without what follows the dot."""
    return f"bucket-{bucket:03d}"
