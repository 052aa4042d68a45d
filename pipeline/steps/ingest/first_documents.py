"""Whether a source is what its manifest says, told by its first documents, before hours are spent on it."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from manifests.schema.base import ManifestError
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.transform import Transform

FIRST = 200
_FIXES = dict.fromkeys(
    ("missing_text", "text_not_a_string"), "set its `text_field` to the field that holds the text"
)
_OTHER_FIX = "look at its files; correct its `format` or `path`, or leave out what is no text by `exclude`"


def check_first_documents(source: str, batches: Iterable[pa.RecordBatch], transform: Transform) -> None:
    """Reads the RAW batches of a source as far as the first document that is kept, or rejected for another
    reason than the one before it.

    Raises:
        ManifestError: the first ``FIRST`` documents are all rejected for one reason; it tells the first
            one's detail, with the fields that were found.
    """
    seen = 0
    reason, detail = "", ""
    for batch in batches:
        found = transform.process(batch.slice(0, FIRST - seen), BatchPosition(0, 0))
        reasons = [reason] * (seen > 0) + found.rejected.column("reason").to_pylist()
        if found.kept.num_rows or len(set(reasons)) > 1:
            return
        if not seen and reasons:
            reason, detail = reasons[0], found.rejected.column("detail")[0].as_py() or ""
        seen += found.rejected.num_rows
        if seen == FIRST:
            raise ManifestError(
                f"source {source!r}: its first {FIRST} documents are all rejected as {reason} ({detail}); "
                f"{_FIXES.get(reason, _OTHER_FIX)}"
            )
