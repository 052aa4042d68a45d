"""A shuffle of packed keys by files: each key is written once and read once, and a killed one goes on."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.border.unsound_file import UnsoundFileError
from pipeline.runtime import exchange, key_file
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.exchange import grouped
from pipeline.runtime.key_file import KeyFile, write_keys
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket, Sources

BUCKETS = 5
KEYS = st.lists(st.tuples(st.integers(0, BUCKETS - 1), st.binary(min_size=1, max_size=9)), max_size=40)


def emit_numbers(index: int, path: Path) -> Iterator[tuple[int, bytes]]:
    for number in path.read_bytes():
        yield number % BUCKETS, struct.pack("<II", index, number)


def reduce_numbers(bucket: int, payloads: list[bytes]) -> bytes:
    return np.sort(np.frombuffer(b"".join(payloads), "<u8")).tobytes()


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Nine files of numbers of one byte, of 0 to 8 of them."""
    paths = [tmp_path / f"source-{size}" for size in range(9)]
    for size, path in enumerate(paths):
        path.write_bytes(bytes(range(size, 2 * size)))
    return list(enumerate(paths))


def shuffled(folder: Path, sources: Sources, run: exchange.Run | None = None) -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    work = run or open_engine("local", 1).run
    reduce = ReduceBucket(folder, reduce_numbers, "fingerprint")
    exchange.exchange(work, sources, EmitKeys(emit_numbers), reduce, BUCKETS)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def expected(sources: Sources) -> dict[str, bytes]:
    by_bucket = defaultdict[int, list[bytes]](list)
    for index, path in sources:
        for bucket, key in emit_numbers(index, path):
            by_bucket[bucket].append(key)
    return {f"bucket-{bucket:05d}": reduce_numbers(bucket, keys) for bucket, keys in by_bucket.items()}


@pytest.mark.parametrize("files", [1, 4, 500])
@pytest.mark.parametrize("ranges", [1, 3, 2000])
@pytest.mark.parametrize("buffer", [1, 24, 1 << 26])
def test_files_tasks_and_buffers_of_any_size_give_the_same_buckets(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch, files: int, ranges: int, buffer: int
) -> None:
    monkeypatch.setattr(exchange, "SOURCE_BYTES", 1)
    monkeypatch.setattr(exchange, "FILES", files)
    monkeypatch.setattr(exchange, "RANGES", ranges)
    monkeypatch.setattr(key_file, "BUFFER_BYTES", buffer)
    found = shuffled(tmp_path / "grouped", sources)
    assert sum(map(len, found.values())) == 8 * sum(range(9))
    assert dict(sorted(expected(sources).items())) == found, "and nothing else is left"


def test_a_task_has_sources_of_about_one_size_in_order(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "SOURCE_BYTES", 10)
    assert [[index for index, _ in group] for group in grouped(sources)] == [
        [0, 1, 2, 3, 4],
        [5, 6],
        [7, 8],
    ]
    monkeypatch.setattr(exchange, "FILES", 2)
    assert [[index for index, _ in group] for group in grouped(sources)] == [[0, 1, 2, 3, 4, 5, 6], [7, 8]]
    assert grouped([]) == []
    assert grouped(sources[:1]) == [sources[:1]], "an empty file is read, too"


class DiesAt:
    """Does all tasks of the first ``runs`` jobs, and one of the next."""

    def __init__(self, runs: int) -> None:
        self._left = runs
        self.tasks = 0

    def __call__(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        inner = open_engine("local", 1)
        self.tasks += len(tasks)
        if not self._left:
            inner.run(tasks[:1], work)
            raise KeyboardInterrupt
        self._left -= 1
        inner.run(tasks, work)


@pytest.mark.parametrize("runs", [0, 1])
def test_a_killed_shuffle_does_only_what_is_missing(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch, runs: int
) -> None:
    monkeypatch.setattr(exchange, "SOURCE_BYTES", 10)
    folder = tmp_path / "grouped"
    with pytest.raises(KeyboardInterrupt):
        shuffled(folder, sources, DiesAt(runs))
    kept = exchange.finished_buckets(folder, "fingerprint", BUCKETS)
    assert kept == ({"bucket-00000"} if runs else set())
    assert exchange.finished_buckets(folder, "another", BUCKETS) == set()
    rest = DiesAt(9)
    assert shuffled(folder, sources, rest) == dict(sorted(expected(sources).items()))
    assert rest.tasks == (BUCKETS - 1 if runs else 3 - 1 + BUCKETS)


@given(KEYS, st.integers(1, 30))
def test_a_file_gives_each_bucket_its_keys(
    tmp_path_factory: pytest.TempPathFactory, keys: list[tuple[int, bytes]], buffer: int
) -> None:
    path = tmp_path_factory.mktemp("keys") / "keys"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_file, "BUFFER_BYTES", buffer)
        write_keys(path, keys, BUCKETS)
    with KeyFile(path, BUCKETS, 0, BUCKETS) as all_of_it, KeyFile(path, BUCKETS, 2, 4) as two:
        found = [b"".join(all_of_it.packets(bucket)) for bucket in range(BUCKETS)]
        assert [b"".join(two.packets(bucket)) for bucket in (2, 3)] == found[2:4]
    assert found == [b"".join(key for place, key in keys if place == bucket) for bucket in range(BUCKETS)]


@pytest.mark.parametrize("size", [0, 7, 30, 55])
def test_a_file_that_is_cut_short_is_told(tmp_path: Path, size: int) -> None:
    path = tmp_path / "keys"
    write_keys(path, [(0, b"abc"), (4, b"de")], BUCKETS)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UnsoundFileError, match="keys: "), KeyFile(path, BUCKETS, 0, BUCKETS):
        pass


def test_offsets_that_lead_out_of_a_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    write_keys(path, [(0, b"abc")], 1)
    path.write_bytes(path.read_bytes().replace(struct.pack("<Q", 3), struct.pack("<Q", 99)))
    with pytest.raises(UnsoundFileError, match="has buckets that are not inside it"), KeyFile(path, 1, 0, 1):
        pass
