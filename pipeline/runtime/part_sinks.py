"""The writers of parts: documents, kept and rejected, or an extractor's rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.files import atomic_write, drop_page_cache
from manifests.schema.documents import REJECTED, with_signals
from manifests.schema.steps import Part, merge_counts, merge_metrics
from pipeline.runtime.arrow_files import BatchWriter, describe
from pipeline.runtime.batch_result import BatchResult
from pipeline.runtime.elements import Element
from pipeline.runtime.file_names import part_name
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.receipts import write_receipt
from pipeline.runtime.stateless import Stateless


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


def _rejects(schema: pa.Schema) -> pa.Schema:
    """The schema of the rejects beside kept documents of a schema, with the same signals."""
    place = schema.get_field_index("signals")
    return with_signals(REJECTED, [] if place < 0 else [field.name for field in schema.field(place).type])


class _OpenPart:
    """A part being written."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema) -> None:
        self._folder = folder
        self._paths = (folder / f"{name}.arrow", folder / "rejected" / f"{name}.arrow")
        self._contexts = [atomic_write(path) for path in self._paths]
        kept, rejected = (context.__enter__() for context in self._contexts)
        self._kept, self._rejected = BatchWriter(kept, schema), BatchWriter(rejected, _rejects(schema))
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
