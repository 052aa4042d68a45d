"""The document schema: columns that other readers of Arrow know."""

from __future__ import annotations

import pyarrow as pa
import pytest

from manifests.schema.documents import REJECTED, STEPS, kept_schema


@pytest.mark.parametrize("schema", [*map(kept_schema, STEPS[:-1]), REJECTED])
def test_every_column_is_of_a_type_that_datasets_reads(schema: pa.Schema) -> None:
    # Of Hugging Face's `datasets`, whose features have no type of fixed size.
    known = {pa.string(), pa.binary(), pa.float32(), pa.int32(), pa.int64(), pa.list_(pa.string())}
    for field in schema:
        kinds = [inner.type for inner in field.type] if pa.types.is_struct(field.type) else [field.type]
        assert set(kinds) <= known, field
