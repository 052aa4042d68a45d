"""How much more than is stored a file may ask to hold in memory, or to give: a few kB of a stranger can say
gigabytes.

Text compresses tenfold, and a hundredfold where it repeats itself. What is small may expand as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.readers.compressed import DamagedFileError
from pipeline.readers.limits import DEFAULT, Limits

_MOST_TEXT, _MOST_TEXT_FACTOR = 1 << 28, 1000
"""The same of all text of a file, which the same values may make again and again."""


def check_expansion(what: str, bytes_: int, stored: int, limits: Limits = DEFAULT) -> None:
    """Before ``bytes_`` are held that ``stored`` ones make.

    Raises:
        pa.ArrowInvalid: they are far more than text makes, or than a worker may hold.
    """
    if bytes_ > limits.held(stored):
        raise pa.ArrowInvalid(f"{what} of {bytes_} bytes in {stored}")


def within(batches: Iterator[pa.RecordBatch], stored: int, reason: str) -> Iterator[pa.RecordBatch]:
    """RAW batches, as long as their texts are not far longer than a file of ``stored`` bytes can mean.

    Raises (from the iterator):
        DamagedFileError: with the ``reason``: they are.
    """
    given, most = 0, max(_MOST_TEXT, _MOST_TEXT_FACTOR * stored)
    for batch in batches:
        given += pc.sum(batch.column("size")).as_py() or 0
        if given > most:
            raise DamagedFileError(
                reason, f"over {most} bytes of text in a file of {stored}: the rest is left out"
            )
        yield batch
