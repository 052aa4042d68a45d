"""What a step decides on a batch of documents: which are kept, which are rejected and why. No document is
ever lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.documents import REJECTED, kept_schema, with_signals
from manifests.schema.steps import KEPT, Count


@dataclass(frozen=True)
class BatchPosition:
    """Where a batch is: its input part, and the index in that part of its first document."""

    part: int
    row: int


@dataclass(frozen=True)
class BatchResult:
    """The kept and the rejected documents of one input batch, and additive metrics with ``/``-joined
    names."""

    kept: pa.RecordBatch
    rejected: pa.RecordBatch
    counts: tuple[Count, ...]
    metrics: dict[str, int] = field(default_factory=dict)


def decide(
    step: str,
    batch: pa.RecordBatch,
    reason: pa.Array,
    detail: pa.Array,
    metrics: dict[str, int] | None = None,
    schema: pa.Schema | None = None,
) -> BatchResult:
    """Splits a batch by its rejection reasons.

    Args:
        step: the name of the deciding step.
        batch: documents with every column of the kept schema.
        reason: string [documents]; null keeps the document.
        detail: string [documents]; what was found, shown with the reason.
        schema: of the kept documents, where it is not the step's own.
    """
    kept_columns = with_signals(schema or kept_schema(step), _signals(batch))
    keep = pc.is_null(reason)
    kept = _select(batch if not _any(pc.invert(keep)) else batch.filter(keep), kept_columns)
    drop = pc.invert(keep)
    rejected = _rejected(step, batch.filter(drop), reason.filter(drop), detail.filter(drop))
    return BatchResult(kept, rejected, _count(batch, reason), metrics or {})


def _signals(batch: pa.RecordBatch) -> list[str]:
    """Names of the batch's signals, the user's own among them."""
    place = batch.schema.get_field_index("signals")
    return [] if place < 0 else [field.name for field in batch.schema.field(place).type]


def _any(mask: pa.BooleanArray) -> bool:
    return bool(pc.any(mask, min_count=0).as_py())


def _select(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_column(batch, field) for field in schema], schema=schema)


def _column(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    index = batch.schema.get_field_index(field.name)
    if index < 0:
        if not field.nullable:
            raise KeyError(f"column {field.name!r} is missing; found {batch.schema.names}")
        return pa.nulls(batch.num_rows, field.type)
    return batch.column(index).cast(field.type)


def _rejected(step: str, batch: pa.RecordBatch, reason: pa.Array, detail: pa.Array) -> pa.RecordBatch:
    schema = with_signals(REJECTED, _signals(batch))
    extra = {"step": pa.repeat(step, batch.num_rows), "reason": reason, "detail": detail}
    columns = [
        extra[field.name].cast(field.type) if field.name in extra else _column(batch, field)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _count(batch: pa.RecordBatch, reason: pa.Array) -> tuple[Count, ...]:
    names = batch.schema.names
    language = batch.column("language") if "language" in names else pa.nulls(batch.num_rows, pa.string())
    table = pa.table(
        {
            "source": batch.column("source").cast(pa.string()),
            "language": pc.fill_null(language, ""),
            "reason": pc.fill_null(reason.cast(pa.string()), KEPT),
            "bytes": pc.cast(pc.binary_length(batch.column("text")), pa.int64()),
        }
    )
    groups = table.group_by(["source", "language", "reason"], use_threads=False).aggregate(
        [("bytes", "sum"), ([], "count_all")]
    )
    return tuple(
        Count(
            source=row["source"],
            language=row["language"],
            reason=row["reason"],
            documents=row["count_all"],
            bytes=row["bytes_sum"],
        )
        for row in groups.to_pylist()
    )
