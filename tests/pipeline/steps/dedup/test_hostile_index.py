"""The dedup folder of a stranger as the index: its manifest fits its files, and what they say leads out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import UnsoundFileError
from manifests.errors import UserError
from manifests.files import sha256, write_json
from tests.pipeline.steps.dedup.finished import Finished, finish, names

TEXTS = [
    "The ferryman rows across the river every morning, whatever the weather, and has done so for forty years.",
    "Readability counts, and special cases are not special enough to break the rules of the house of guests.",
    "渡口的老船工每天划着小船把人送到对岸，风里来雨里去，一划就是四十年，乡亲们都敬重他。",
]


def resealed(folder: Path, name: str) -> None:
    """Makes the manifest's hash of a file that of the changed one, as whoever hands over a folder can."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        if file["path"] == name:
            file |= {"sha256": sha256(folder / name), "bytes": (folder / name).stat().st_size}
    write_json(folder / "manifest.json", manifest)


def numbers(name: str, value: int, place: tuple[int, ...]) -> Callable[[Path], str]:
    def change(folder: Path) -> str:
        path = folder / name / "part-00000.npy"
        array = np.load(path)
        array[place] = value
        np.save(path, array)
        return f"{name}/part-00000.npy"

    return change


def keys(column: str, values: Callable[[pa.Table], pa.Array]) -> Callable[[Path], str]:
    def change(folder: Path) -> str:
        path = folder / "keys" / "part-00000.arrow"
        table = open_table(path).combine_chunks()
        place = table.schema.get_field_index(column)
        made = values(table)
        table = table.set_column(place, pa.field(column, made.type), made)
        with pa.ipc.new_file(path.with_suffix(".new"), table.schema) as writer:
            writer.write_table(table)
        path.with_suffix(".new").replace(path)
        return "keys/part-00000.arrow"

    return change


def index_json(**changes: object) -> Callable[[Path], str]:
    def change(folder: Path) -> str:
        content = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        write_json(folder / "index.json", content | changes)
        return "index.json"

    return change


ATTACKS = {
    "a rank beyond all": (numbers("ranks", 4_000_000_000, (0, 0)), "has values that are not below 3"),
    "a document beyond all": (numbers("ranks", 99_999_999, (1, 1)), "has values that are not below 3"),
    "two documents of one rank": (numbers("ranks", 0, (0, 1)), "holds no ranks"),
    "a survivor beyond all": (numbers("survivors", 99_999_999, (2,)), "kept for a worse one"),
    "a survivor that is worse": (numbers("survivors", 2, (0,)), "kept for a worse one"),
    "lists of another length": (
        keys("bands", lambda table: pa.array([[1, 2]] * len(table), pa.list_(pa.uint64(), 2))),
        "column 'bands' is ",
    ),
    "short sketches": (
        keys("sketch", lambda table: pa.array([b"12"] * len(table), pa.binary(2))),
        "column 'sketch' is ",
    ),
    "hashes of nothing": (
        keys("hash", lambda table: pa.array([None] * len(table), pa.binary(16))),
        "column 'hash' has nulls",
    ),
    "more documents than keys": (index_json(documents=4_000_000), "says 4000000 documents"),
    "a negative number of documents": (index_json(documents=-1), "documents"),
    "another list of indexes": (index_json(indexes=[{"documents": "all"}]), "indexes"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_index_that_leads_out_of_itself_is_one_line(tmp_path: Path, attack: str) -> None:
    old = finish(tmp_path / "old", _rows("old", TEXTS), parts=1)
    change, what = ATTACKS[attack]
    resealed(old.folder, change(old.folder))
    with pytest.raises(UserError, match=what) as told:
        _finish_with(tmp_path / "new", old)
    assert isinstance(told.value, UnsoundFileError) or "index" in str(told.value)


def _finish_with(folder: Path, old: Finished) -> Finished:
    return finish(folder, _rows("new", [TEXTS[0], f"{TEXTS[1]} Or are they?"]), names(old.folder))


def _rows(name: str, texts: list[str]) -> list[dict[str, Any]]:
    return [{"id": f"{name}-{number}", "text": text} for number, text in enumerate(texts)]
