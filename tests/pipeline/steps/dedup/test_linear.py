"""What deduplication reads and writes grows with the documents and no faster, and it maps one file at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from benchmarks.synthetic_keys import counted, deduplicate, write_key_files
from pipeline.runtime import exchange, key_file
from pipeline.runtime.engines.beam_engine import run_here
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket, Sources
from pipeline.steps.dedup import buckets
from pipeline.steps.dedup.document_ids import document_ids
from tests.pipeline.steps.measured import context, corpus

PART = 50


class Watched:
    """The engine in this process; the most memory maps of files of this folder that there are between tasks."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self.most = 0

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        run_here(tasks, work)
        maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        self.most = max(self.most, sum(self._folder in line for line in maps))

    def group(self, sources: Sources, emit: EmitKeys, reduce: ReduceBucket, buckets: int) -> None:
        exchange.exchange(self.run, sources, emit, reduce, buckets)

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffers, tasks and buckets of a size that hundreds of documents fill often."""
    monkeypatch.setattr(buckets, "BUCKET_BYTES", 1 << 15)
    monkeypatch.setattr(key_file, "BUFFER_BYTES", 1 << 17)
    monkeypatch.setattr(exchange, "SOURCE_BYTES", 1 << 16)
    monkeypatch.setattr(exchange, "FILES", 8)
    monkeypatch.setattr(exchange, "RANGES", 8)


def cost(folder: Path, documents: int) -> tuple[dict[str, int], int]:
    """Bytes and openings, and the most maps."""
    (folder / "keys").mkdir(parents=True)
    run = context("dedup", folder / "run", corpus(), [[]])
    paths = write_key_files(folder / "keys", documents, PART, run.corpus.dedup.bands)
    engine = Watched(folder)
    with counted() as found:
        metrics = deduplicate(type(run)(**{**vars(run), "engine": engine}), document_ids([], paths))
    assert metrics["verified_pairs"] >= documents // 20, "there is something to find"
    return found, engine.most


def test_bytes_and_maps_of_many_documents(tmp_path: Path) -> None:
    cost(tmp_path / "warm", 100)  # what is imported at first is read, too
    small, large = (cost(tmp_path / str(documents), documents) for documents in (2000, 6000))
    for name in ("read", "written", "mapped"):
        assert large[0][name] < 3.6 * small[0][name], f"{name}: {small[0][name]}, then {large[0][name]}"
    assert large[1] <= small[1] <= 8, "120 files of keys, and none stays mapped"
