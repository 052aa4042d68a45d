"""A removed paragraph stood where it says, and its copy stays: verification finds where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from manifests.files import sha256
from manifests.schema.base import load
from manifests.schema.steps import File, StepManifest
from manifests.verify_removed import removed_paragraphs_elsewhere
from tests.manifests.small_run import ANALECTS, ASKED, LETTER, ZEN, build_corpus, name_of

SCHEMA = pa.schema(
    [("id", pa.string()), ("first_byte", pa.int64()), ("text", pa.string()), ("copy_of", pa.string())]
)
ROWS = [
    {"id": name_of(ZEN[0]), "first_byte": 0, "text": "Beautiful", "copy_of": name_of(ZEN[1])},
    {"id": name_of(ZEN[0]), "first_byte": 10, "text": ZEN[0][10:], "copy_of": name_of(ZEN[0])},
    {"id": name_of(ASKED[4]), "first_byte": len(ANALECTS[4].encode()), "text": LETTER, "copy_of": name_of(ZEN[2])},
]  # fmt: skip


def problems(run: Path, rows: list[dict[str, Any]], index: tuple[str, ...] = ()) -> list[str]:
    """Of a run that has these removed paragraphs, against the documents of these earlier runs."""
    build_corpus(run)
    path = run / "dedup" / "removed" / "part-00000.arrow"
    path.parent.mkdir()
    with pa.ipc.new_file(path, SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
    dedup, quality = (load(run / step / "manifest.json", StepManifest) for step in ("dedup", "quality"))
    file = File(path=f"removed/{path.name}", sha256=sha256(path), bytes=path.stat().st_size, rows=len(rows))
    settings = {"dedup": {"similarity": 0.75, "index": list(index)}}
    dedup = dedup.model_copy(update={"files": (*dedup.files, file), "settings": settings})
    found = removed_paragraphs_elsewhere(run / "dedup", dedup, run / "quality", quality)
    assert all(one.startswith(f"{path}: ") for one in found)
    return [one.removeprefix(f"{path}: ") for one in found]


def test_paragraphs_of_real_places_are_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, ROWS) == []


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Beautifux"},
        {"first_byte": 1},
        {"first_byte": -1},
        {"first_byte": 10_000},
        {"text": ZEN[0] + "!"},
        {"id": "nobody"},
    ],
)
def test_a_paragraph_that_did_not_stand_there_is_a_problem(tmp_path: Path, change: dict[str, Any]) -> None:
    changed = ROWS[0] | change
    assert problems(tmp_path, [ROWS[1], changed, ROWS[2]]) == [
        f"1 removed paragraphs did not stand where it says, such as one of {changed['id']!r}"
    ]


@pytest.mark.parametrize("holder", [ZEN[5], "never heard of"], ids=["rejected", "unknown"])
def test_a_copy_in_a_document_that_does_not_stay_is_a_problem(tmp_path: Path, holder: str) -> None:
    rows = [ROWS[0] | {"copy_of": name_of(holder)}, *ROWS[1:]]
    (problem,) = problems(tmp_path, rows)
    assert problem == (
        "1 removed paragraphs have their copy in a document that does not stay, such as one of "
        f"{name_of(ZEN[0])!r}"
    )


def test_a_copy_may_be_in_an_earlier_run(tmp_path: Path) -> None:
    rows = [ROWS[0] | {"copy_of": "old:1"}, *ROWS[1:]]
    assert problems(tmp_path, rows, index=("../old/dedup",)) == []
