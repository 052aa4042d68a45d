"""A run that dies in any phase goes on with the next one, and ends with the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from benchmarks.kill import durable
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.key_groups import EmitKeys, ReduceBucket
from tests.pipeline.steps.dedup.finished import finish, names
from tests.pipeline.steps.dedup.test_dedup_index import varied

PHASES = [
    "keys",
    "splitters",
    "order",
    "ranks",
    "exact",
    "originals",
    "bands",
    "pairs",
    "compared",
    "similar",
    "survivors",
    "sizes",
    "paragraphs",
    "places",
    "asked",
    "told",
    "decisions",
    "cuts",
    "removed",
    "parts",
]


class Dies(RuntimeError):
    """The machine is gone."""


class OnePhase:
    """An engine that runs one phase and dies in the next, before its last task."""

    def __init__(self) -> None:
        self._inner = open_engine("local", 1)
        self._phases = 0

    def run(self, tasks: Sequence[Any], work: beam.PTransform) -> None:
        if self._phases:
            self._inner.run(tasks[:-1], work)
            raise Dies
        self._phases = 1
        self._inner.run(tasks, work)

    def group(
        self, sources: Sequence[tuple[int, Path]], emit: EmitKeys, reduce: ReduceBucket, buckets: int
    ) -> None:
        if self._phases:
            self._inner.group(sources[:-1], emit, reduce, buckets)
            raise Dies
        self._phases = 1
        self._inner.group(sources, emit, reduce, buckets)

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("days", [0, 2])
def test_a_death_in_every_phase(tmp_path: Path, days: int) -> None:
    folders: list[Path] = []
    for day in range(days):
        folders.append(finish(tmp_path / str(day), varied(day, f"day{day}"), names(*folders)).folder)
    earlier = {path: durable(path) for path in folders}
    rows, settings = varied(7, "doc"), names(*folders)
    undisturbed = finish(tmp_path / "a", rows, settings, parts=3)
    for _ in PHASES[1:]:
        with pytest.raises(Dies):
            finish(tmp_path / "b", rows, settings, parts=3, engine=OnePhase())
    assert finish(tmp_path / "b", rows, settings, parts=3, engine=OnePhase()).texts == undisturbed.texts
    assert {path: durable(path) for path in folders} == earlier
    assert durable(tmp_path / "b" / "dedup") == durable(tmp_path / "a" / "dedup")
    written = {
        path.relative_to(undisturbed.folder).parts[0]
        for path in undisturbed.folder.rglob("*")
        if ".receipts" in path.parts
    }
    assert written == {".receipts", *PHASES[:-1]}
