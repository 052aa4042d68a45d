"""Fields of the user's own that travel with a document: in ``meta``, as JSON of the type that they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from manifests.schema.sources import ALL_FIELDS, Source
from pipeline.readers.json_values import dump


def kept_names(source: Source, names: Iterable[str]) -> list[str]:
    """Those of a record's fields that are kept, in the record's order. ``*`` stands for all that have no
    column of their own."""
    own = {source.text_field, source.id_field, source.url_field, source.license_field}
    wanted = set(source.keep_fields)
    return [name for name in names if name in wanted or (ALL_FIELDS in wanted and name not in own)]


def meta_of(source: Source, record: Mapping[str, Any]) -> str | None:
    """The record's own id, as ``id``, and the fields that are kept; None if there is neither."""
    own = record.get(source.id_field)
    found = {} if own is None else {"id": own}
    if source.keep_fields:
        found = {name: record[name] for name in kept_names(source, record)} | found
    return dump(found) if found else None
