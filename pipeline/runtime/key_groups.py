"""The two halves of a shuffle of packed keys: a file's keys by bucket, and the file of a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from manifests.files import atomic_write
from pipeline.runtime.file_names import bucket_name
from pipeline.runtime.worker_start import StartsWorker

Emit = Callable[[int, Path], Iterator[tuple[int, bytes]]]
Reduce = Callable[[int, list[bytes]], bytes]
"""(bucket, its keys in pieces, cut between any two packets and in any order) -> content of its file."""
Sources = Sequence[tuple[int, Path]]


@dataclass(frozen=True)
class EmitKeys(StartsWorker):
    """(index, path) -> packed keys by bucket."""

    emit: Emit

    def __call__(self, source: tuple[int, Path]) -> Iterator[tuple[int, bytes]]:
        return self.emit(*source)


@dataclass(frozen=True)
class ReduceBucket(StartsWorker):
    """(bucket, payloads) -> the bucket's file. Its name is made durable with those of other buckets, before
    their common record. ``fingerprint``: of all that decides the files."""

    folder: Path
    reduce: Reduce
    fingerprint: str

    def __call__(self, group: tuple[int, Iterable[bytes]]) -> int:
        bucket, payloads = group
        with atomic_write(self.folder / bucket_name(bucket), sync_folder=False) as temporary:
            temporary.write_bytes(self.reduce(bucket, list(payloads)))
        return bucket
