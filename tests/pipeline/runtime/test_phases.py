"""What a step's phases leave: on disk before it is recorded as done, and nothing of an earlier plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.runtime.context import StepContext
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.phases import Phases
from pipeline.runtime.receipts import receipt_path
from pipeline.runtime.transform import PartTask
from tests.durable import assert_durable, recorded, renamed
from tests.pipeline.steps import measured
from tests.pipeline.toy import BUCKETS, LongEnough, Sizes, Texts, emit_sizes, reduce_sizes, write_square

PHASES = ("map", "extract", "group", "each")
STALE = ("part-00007", "bucket-00007")


@pytest.fixture
def run(tmp_path: Path) -> StepContext:
    folder = tmp_path / "ingest"
    return StepContext(
        "ingest", measured.corpus(), tmp_path, folder, folder, (), open_engine("local", 1), "fingerprint"
    )


def phase(run: StepContext, name: str, parts: int = 3) -> tuple[Path, list[Path]]:
    """Does one phase over so many parts: its folder, and the files that it wrote. ``group`` reads sizes that
    it extracts first."""
    tasks = [PartTask(index, Texts(index)) for index in range(parts)]
    if name == "map":
        made = [
            file.path for part in Phases(run).map(LongEnough(), tasks) for file in (part.kept, part.rejected)
        ]
        return run.folder, [run.folder / path for path in made]
    if name == "each":
        return run.folder / "squares", Phases(run).each("squares", write_square, parts, ".txt")
    sizes = Phases(run).extract("sizes", Sizes(), tasks)
    if name == "extract":
        return run.folder / "sizes", sizes
    return run.folder / "grouped", Phases(run).group("grouped", sizes, emit_sizes, reduce_sizes, BUCKETS)


@pytest.mark.parametrize("name", PHASES)
def test_what_is_recorded_as_done_is_on_disk(run: StepContext, name: str) -> None:
    with recorded() as events:
        folder, files = phase(run, name)
    assert len(files) == {"map": 6, "extract": 3, "group": 4, "each": 3}[name]
    for path in files:
        record = receipt_path(folder, "group" if name == "group" else path.stem)
        assert assert_durable(events, path) < renamed(events, record)
        assert_durable(events, record)


@pytest.mark.parametrize("name", PHASES)
def test_what_an_earlier_plan_left_is_swept(run: StepContext, name: str) -> None:
    folder, files = phase(run, name)
    left = {path.relative_to(run.folder) for path in run.folder.rglob("*") if path.is_file()}
    stale = [
        path.with_name(f"{number}{path.suffix}")
        for path in files
        for number in STALE
        if number[:4] == path.name[:4]
    ]
    torn = [path.with_name(f".{path.name}.0123456789abcdef.tmp") for path in files]
    records = [receipt_path(folder, "part-00007")]
    for path in (*stale, *torn, *records):
        path.write_bytes(b"stale")
    if name == "group":  # its plan is one: it is swept when it is made again
        receipt_path(folder, "group").unlink()
    phase(run, name)
    assert {path.relative_to(run.folder) for path in run.folder.rglob("*") if path.is_file()} == left


@pytest.mark.parametrize("name", ["map", "extract", "each"])
def test_a_smaller_plan_leaves_its_own_parts_alone(run: StepContext, name: str) -> None:
    phase(run, name)
    folder, files = phase(run, name, parts=1)
    found = {path for path in folder.rglob("*") if path.is_file()}
    assert found == {*files, receipt_path(folder, "part-00000")}


@pytest.mark.parametrize("name", PHASES)
def test_what_is_done_is_not_done_again(run: StepContext, name: str) -> None:
    _, files = phase(run, name)
    before = [path.stat().st_mtime_ns for path in files]
    assert phase(run, name)[1] == files
    assert [path.stat().st_mtime_ns for path in files] == before


@pytest.mark.parametrize("name", PHASES)
def test_a_file_that_is_gone_is_made_again_and_no_other(run: StepContext, name: str) -> None:
    _, files = phase(run, name)
    contents = [path.read_bytes() for path in files]
    before = [path.stat().st_mtime_ns for path in files]
    files[0].unlink()
    phase(run, name)
    assert [path.read_bytes() for path in files] == contents
    # A group is one piece of work; kept and rejected documents of a part are another.
    with_it = {"group": len(files), "map": 2}.get(name, 1)
    assert [path.stat().st_mtime_ns for path in files[with_it:]] == before[with_it:]


@pytest.mark.parametrize("name", PHASES)
def test_another_fingerprint_does_everything_again(run: StepContext, name: str) -> None:
    _, files = phase(run, name)
    before = [path.stat().st_mtime_ns for path in files]
    phase(replace(run, fingerprint="another"), name)
    assert all(path.stat().st_mtime_ns != time for path, time in zip(files, before, strict=True))
