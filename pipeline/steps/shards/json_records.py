"""JSON lines of instruction sources as columns. A line that is no JSON, or in which a field is of another
type than it should be, is a record of nulls and costs no other one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json

from pipeline.readers.json_values import parse
from pipeline.readers.raw_documents import names_found
from pipeline.steps.ingest.first_documents import FIRST
from pipeline.steps.shards.instruction_bytes import LINE, Blocks

BLOCK = 16_000_000
_TOO_LONG = b"\0"


def json_records(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """A record for each line that is not blank, with these fields alone: strings, and lists of structs of
    strings, of which a line that could not be read has one that is null.

    Raises (from the iterator):
        DamagedFileError: the file cannot be decompressed.
        ValueError: the first ``FIRST`` records have none of the fields; it tells what the first one has.
    """
    silent, first = 0 if len(schema) else FIRST + 1, b""
    for lines in _whole_lines(path):
        batch = _parsed(lines, schema)
        if silent < FIRST:
            first = first or lines.lstrip().partition(b"\n")[0]
            head = batch.slice(0, FIRST - silent)
            silent += head.num_rows if all(map(_says_nothing, head.columns)) else FIRST + 1
        if silent == FIRST:
            raise ValueError(f"its first {FIRST} records have no {_listed(schema)} as text; {_shown(first)}")
        yield batch


def _whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, about ``BLOCK`` bytes at a time; one of far more than ``LINE`` bytes loses its
    beginning, and is no JSON."""
    stream, rest = Blocks(path), b""
    while block := stream.read(BLOCK):
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = b""
        rest += block[end:]
        rest = rest if len(rest) <= LINE else _TOO_LONG
    if rest:
        yield rest


def _parsed(lines: bytes, schema: pa.Schema) -> pa.RecordBatch:
    """Arrow parses three times as fast, and stops at the first line that does not fit."""
    options = pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    parse_options = pyarrow.json.ParseOptions(schema, unexpected_field_behavior="ignore")
    try:
        table = pyarrow.json.read_json(pa.BufferReader(lines), options, parse_options)
        table.validate(full=True)  # nobody has looked whether it is UTF-8
    except (pa.ArrowException, ValueError):
        rows = [_record(line, schema) for line in lines.split(b"\n") if line and not line.isspace()]
        return pa.RecordBatch.from_pylist(rows, schema)
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


def _record(line: bytes, schema: pa.Schema) -> dict[str, Any]:
    try:
        value = parse(line)[0]
    except ValueError:
        value = None
    if isinstance(value, dict) and all(_fits(value.get(field.name), field.type) for field in schema):
        return value
    return {field.name: [None] if pa.types.is_list(field.type) else None for field in schema}


def _fits(value: object, kind: pa.DataType) -> bool:
    """Whether a value is of a type: strings, structs, lists; whatever is missing or null is of any."""
    if value is None:
        return True
    if pa.types.is_list(kind):
        return isinstance(value, list) and all(_fits(item, kind.value_type) for item in value)
    if pa.types.is_struct(kind):
        return isinstance(value, dict) and all(_fits(value.get(field.name), field.type) for field in kind)
    return isinstance(value, str)


def _says_nothing(column: pa.Array) -> bool:
    values = column.flatten() if pa.types.is_list(column.type) else column
    return bool(values.null_count == len(values))


def _listed(schema: pa.Schema) -> str:
    return " or ".join(repr(name) for name in schema.names)


def _shown(line: bytes) -> str:
    """What a line has, in words."""
    try:
        value = parse(line)[0]
    except ValueError as error:
        return f"the first one is no JSON: {error}"
    return (
        f"the first one has {names_found(value)}" if isinstance(value, dict) else "the first one is no object"
    )
