"""The shuffle of packed keys, for engines that only run tasks over files: external and linear.

First the sources, several to a task, are emitted into one file a task that is ordered by bucket. Then every
task of buckets opens each of these files once, reads its own ranges, and reduces bucket after bucket. So
every key is written once and read once, whatever the size: there are at most ``FILES`` files and ``RANGES``
tasks that open them. A task of either kind holds a buffer or a bucket of keys at a time. The files are gone
when all buckets are reduced; until then what is done is not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np

from manifests.files import atomic_write, digest, sync
from manifests.store.local_copy import remove_tree
from pipeline.runtime.dofns import ApplyFunction
from pipeline.runtime.file_names import bucket_name
from pipeline.runtime.key_file import KeyFile, write_keys
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket, Sources
from pipeline.runtime.receipts import read_receipt, write_receipt
from pipeline.runtime.worker_start import StartsWorker

FOLDER = "exchange"
SOURCE_BYTES = 1 << 27
"""Of sources in a task, as long as that makes no more than ``FILES`` tasks."""
FILES = 500
"""Open at a time: the system's default limit is 1024 for a process."""
RANGES = 2000
Run = Callable[[Sequence[Any], beam.PTransform], None]


@dataclass(frozen=True)
class _Emit(StartsWorker):
    """(number, sources) -> the file of their keys."""

    folder: Path
    emit: EmitKeys
    reduce: ReduceBucket
    buckets: int

    def __call__(self, task: tuple[int, Sources]) -> None:
        number, sources = task
        with atomic_write(self.folder / keys_name(number)) as temporary:
            write_keys(temporary, (keys for source in sources for keys in self.emit(source)), self.buckets)
        write_receipt(self.folder, keys_name(number), self.key(sources), {})

    def key(self, sources: Sources) -> str:
        """Of the receipt of such a file."""
        return digest(
            [self.reduce.fingerprint, self.buckets, [(index, path.name) for index, path in sources]]
        )

    def is_done(self, task: tuple[int, Sources]) -> bool:
        """Whether the file is there."""
        number, sources = task
        recorded = read_receipt(self.folder, keys_name(number), self.key(sources))
        return recorded is not None and (self.folder / keys_name(number)).exists()


@dataclass(frozen=True)
class _Reduce(StartsWorker):
    """(first bucket, end) -> the files of these buckets, read out of the files of keys."""

    folder: Path
    files: int
    reduce: ReduceBucket
    buckets: int

    def __call__(self, task: tuple[int, int]) -> None:
        made = []
        with ExitStack() as stack:
            keys = [
                stack.enter_context(KeyFile(self.folder / keys_name(number), self.buckets, *task))
                for number in range(self.files)
            ]
            for bucket in range(*task):
                packets = [packet for file in keys for packet in file.packets(bucket)]
                if packets:
                    made.append(self.reduce((bucket, packets)))
        if made:
            sync(self.reduce.folder)
        write_receipt(self.folder, range_name(task), self.reduce.fingerprint, made)


def exchange(run: Run, sources: Sources, emit: EmitKeys, reduce: ReduceBucket, buckets: int) -> None:
    """Reduces the keys of all sources bucket by bucket (see Engine.group).

    Args:
        run: as ``Engine.run``.
    """
    folder = reduce.folder / FOLDER
    groups = list(enumerate(grouped(sources)))
    maps = _Emit(folder, emit, reduce, buckets)
    reduces = _Reduce(folder, len(groups), reduce, buckets)
    ranges = [task for task in ranges_of(buckets) if _made(folder, task, reduce.fingerprint) is None]
    if ranges:
        todo = [task for task in groups if not maps.is_done(task)]
        run(todo, beam.ParDo(ApplyFunction(maps)))
        run(ranges, beam.ParDo(ApplyFunction(reduces)))
    if folder.exists():
        remove_tree(folder)


def finished_buckets(folder: Path, fingerprint: str, buckets: int) -> set[str]:
    """Names of the files that an exchange which was cut off has finished."""
    made = (_made(folder / FOLDER, task, fingerprint) or [] for task in ranges_of(buckets))
    return {bucket_name(bucket) for some in made for bucket in some}


def _made(folder: Path, task: tuple[int, int], fingerprint: str) -> list[int] | None:
    """The buckets with keys that a task has reduced, if it is done and they are there."""
    made = read_receipt(folder, range_name(task), fingerprint)
    if not isinstance(made, list) or not all(isinstance(bucket, int) for bucket in made):
        return None
    return made if all((folder.parent / bucket_name(bucket)).exists() for bucket in made) else None


def grouped(sources: Sources) -> list[Sources]:
    """The sources in tasks of ``SOURCE_BYTES`` or a little more, in order."""
    sizes = [path.stat().st_size for _, path in sources]
    most = max(SOURCE_BYTES, -(-sum(sizes) // FILES))
    ends = np.cumsum(sizes, dtype=np.int64)
    borders = np.searchsorted(ends, np.arange(most, sum(sizes), most)) + 1
    return [sources[a:b] for a, b in pairwise([0, *np.unique(borders).tolist(), len(sources)]) if a < b]


def ranges_of(buckets: int) -> list[tuple[int, int]]:
    """First bucket and end of each task."""
    wide = -(-buckets // RANGES)
    return [(first, min(first + wide, buckets)) for first in range(0, buckets, wide)]


def keys_name(number: int) -> str:
    """Name of a file of keys."""
    return f"keys-{number:05d}"


def range_name(task: tuple[int, int]) -> str:
    """Name of the record of a task of buckets."""
    return f"{bucket_name(task[0])}-{task[1]:05d}"
