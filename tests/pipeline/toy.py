"""The smallest real step: keeps documents by their length. Importable by workers of every engine."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from manifests.border.arrow_files import read_batches
from manifests.schema.documents import INGESTED
from pipeline.runtime.batch_result import BatchPosition, BatchResult, decide
from pipeline.runtime.transform import Extractor, Transform

PEP20 = """Beautiful is better than ugly.
Explicit is better than implicit.
Simple is better than complex.
Complex is better than complicated.
Flat is better than nested.
Sparse is better than dense.
Readability counts.
Special cases aren't special enough to break the rules.
Although practicality beats purity.
Errors should never pass silently.
Unless explicitly silenced.
学而时习之，不亦说乎？
有朋自远方来，不亦乐乎？""".split("\n")


def documents(texts: list[str], source: str = "pep20", prefix: str = "") -> pa.RecordBatch:
    """Documents as the ingest step makes them."""
    return pa.RecordBatch.from_pydict(
        {
            "id": [f"{source}:{prefix}{index}" for index in range(len(texts))],
            "text": texts,
            "source": [source] * len(texts),
            "url": [None] * len(texts),
            "license": ["PSF-2.0"] * len(texts),
            "hash": [xxhash.xxh3_128_digest(text.encode()) for text in texts],
            "meta": ["{}"] * len(texts),
        },
        schema=INGESTED,
    )


class Texts:
    """A re-iterable reader of a few batches."""

    def __init__(self, part: int, batches: int = 3) -> None:
        self.part = part
        self.batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for index in range(self.batches):
            yield documents(PEP20, prefix=f"{self.part}-{index}-")


class LongEnough(Transform):
    """Rejects texts of fewer than 30 bytes; ``poison`` makes one part fail."""

    schema = INGESTED

    def __init__(self, poison: int | None = None) -> None:
        self._poison = poison

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        if where.part == self._poison:
            raise RuntimeError("poisoned")
        size = pc.binary_length(batch.column("text"))
        reason = pc.if_else(pc.less(size, 30), "short", pa.scalar(None, pa.string()))
        detail = pc.binary_join_element_wise(pc.cast(size, pa.string()), "bytes", " ")
        return decide("ingest", batch, reason, detail, {"seen": batch.num_rows})


class Sizes(Extractor):
    """The byte length of every document."""

    schema = pa.schema([("size", pa.int32())])

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([pc.binary_length(batch.column("text"))], schema=self.schema)


BUCKETS = 4


def emit_sizes(index: int, path: Path) -> Iterator[tuple[int, bytes]]:
    for batch in read_batches(path):
        for size in batch.column("size").to_pylist():
            yield size % BUCKETS, struct.pack("<II", index, size)


def reduce_sizes(bucket: int, payloads: list[bytes]) -> bytes:
    data = b"".join(payloads)
    return b"".join(sorted(data[place : place + 8] for place in range(0, len(data), 8)))


def write_square(index: int, path: Path) -> None:
    path.write_text(str(index * index))
