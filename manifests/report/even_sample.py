"""A sample of rows of Arrow files, evenly from all that were found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from manifests.border.arrow_files import read_batches


class BatchRows(NamedTuple):
    """Rows of a record batch of a file, int64; ``batch`` counts those that have rows."""

    path: Path
    batch: int
    rows: np.ndarray


def even_sample(found: Sequence[BatchRows], sample: int, wanted: pa.Schema) -> Iterator[pa.RecordBatch]:
    """So many of the rows, or all if there are fewer, in their order; each file's columns ``wanted`` and
    whatever else it has.

    Raises:
        UnsoundFileError: a file is not sound.
    """
    ends = np.cumsum([len(one.rows) for one in found], dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    places = np.unique(np.linspace(0, total - 1, min(sample, total)).astype(np.int64))
    for one, end in zip(found, ends, strict=True):
        begin = end - len(one.rows)
        rows = one.rows[places[(places >= begin) & (places < end)] - begin]
        if len(rows):
            batch = next(islice(read_batches(one.path, wanted), one.batch, None))
            yield batch.take(pa.array(rows))
