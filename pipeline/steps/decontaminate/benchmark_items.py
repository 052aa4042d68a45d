"""Benchmark items, read from JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from manifests.schema.decontaminate import Benchmark
from pipeline.readers.compressed import DamagedFileError, blocks
from pipeline.readers.input_files import InputFile
from pipeline.runtime.pipeline_error import PipelineError

SCHEMA = pa.schema(
    [pa.field("benchmark", pa.string()), pa.field("item", pa.string()), pa.field("text", pa.large_string())]
)


def read_items(path: Path, benchmark: Benchmark) -> pa.Table:
    """All items of a benchmark file (plain, .gz or .zst): SCHEMA, in the file's order.

    ``benchmark`` is the value of ``name_field`` where there is one, else the benchmark's name; ``item`` is
    the record's ``id``, else its
    line number. Memory: the whole file; benchmarks are small.

    Raises:
        PipelineError: the file is missing, damaged or empty, a line is not a JSON object, or it has none of
            the text fields.
    """
    rows = [
        _row(path, number, line, benchmark) for number, line in enumerate(_lines(path), 1) if line.strip()
    ]
    if not rows:
        raise PipelineError(
            f"{path}: no benchmark item in it; correct its path in the corpus manifest, or leave it out"
        )
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _row(path: Path, number: int, line: bytes, benchmark: Benchmark) -> dict[str, str]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise PipelineError(
            f"{path}:{number}: not JSON ({error}); benchmark files hold one JSON object a line"
        ) from None
    texts = [
        _text(record[field])
        for field in benchmark.text_fields
        if isinstance(record, dict) and field in record
    ]
    if not texts:
        wanted = ", ".join(benchmark.text_fields)
        raise PipelineError(
            f"{path}:{number}: none of the fields {wanted}; correct text_fields of the benchmark "
            f"{benchmark.name}"
        )
    name = record.get(benchmark.name_field, benchmark.name) if benchmark.name_field else benchmark.name
    return {"benchmark": str(name), "item": str(record.get("id", f"line {number}")), "text": "\n".join(texts)}


def _text(value: Any) -> str:
    """A field's text; the texts in lists and objects (answer options) are joined by newlines."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return "\n".join(_text(item) for item in value)
    return "" if value is None else str(value)


def _lines(path: Path) -> list[bytes]:
    try:
        return b"".join(blocks(InputFile.of(path))).split(b"\n")
    except FileNotFoundError:
        raise PipelineError(
            f"{path}: no such benchmark file; correct its path in the corpus manifest"
        ) from None
    except DamagedFileError as error:
        raise PipelineError(f"{path}: {error.reason} ({error}); fetch the benchmark file again") from None
