"""Paragraphs that are cut out are kept, and what is left is judged by length again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.border.arrow_files import open_table
from manifests.schema.base import load
from manifests.schema.rules import Rule
from manifests.schema.steps import StepManifest
from pipeline.runtime.finished_parts import step_in_place
from tests.pipeline.steps.dedup.finished import finish
from tests.pipeline.steps.dedup.test_dedup_step import GETTYSBURG, LICENCE, ORIGIN, YUEYANG


def test_removed_paragraphs_are_kept_with_their_places_and_whose_copy_stays(tmp_path: Path) -> None:
    text = f"{YUEYANG}\n\n{LICENCE}\n\n岳阳楼记\n\n{GETTYSBURG}\n\n{LICENCE}\n"
    rows = [
        {"id": "one", "text": f"{GETTYSBURG}\n\n{LICENCE}\n", "source": "best"},
        {"id": "two", "text": text, "language": "zh"},
        {"id": "only", "text": f"{LICENCE}\n"},
        {"id": "none", "text": ORIGIN},
    ]
    found = finish(tmp_path, rows)
    files = sorted((found.folder / "removed").glob("*.arrow"))
    removed = pa.concat_tables(map(open_table, files)).to_pylist()
    fixed = {"id": "two", "source": "web", "language": "zh", "copy_of": "one"}
    pieces = (f"{LICENCE}\n\n", f"{GETTYSBURG}\n\n", f"{LICENCE}\n")
    assert [{**row, "first_byte": 0} for row in removed] == [
        {**fixed, "first_byte": 0, "text": piece} for piece in pieces
    ]
    before, rest, place = text.encode(), b"", 0
    for row in removed:
        piece, first = row["text"].encode(), row["first_byte"]
        assert before[first:].startswith(piece)
        rest, place = rest + before[place:first], first + len(piece)
    assert (rest + before[place:]).decode() == found.texts["two"] == f"{YUEYANG}\n\n岳阳楼记\n\n"
    manifest = load(found.folder / "manifest.json", StepManifest)
    assert [file.rows for file in manifest.files if file.path.startswith("removed/")] == [0, 3]
    assert step_in_place(found.folder, manifest)


def test_a_document_left_without_a_paragraph_of_its_own_is_judged_by_length_again(tmp_path: Path) -> None:
    """By the quality step's own rules: what is left has to be as long as what is let in."""
    scraps = "\n\n".join(f"Go to page {number}" for number in range(8))
    rows = [
        {"id": "best", "text": f"{GETTYSBURG}\n\n{ORIGIN}", "source": "best"},
        {"id": "stub", "text": f"{scraps}\n\n{GETTYSBURG}"},
        {"id": "own", "text": f"Go.\n\n{LICENCE}\n\n{ORIGIN}"},
        {"id": "short", "text": "Go to page 1."},
    ]
    assert set(finish(tmp_path / "free", rows).texts) == {"best", "stub", "own", "short"}
    words = Rule(name="few_words", signal="words", languages=("en",), min=50, max=None)
    found = finish(tmp_path / "ruled", rows, rules=(words,))
    assert set(found.texts) == {"best", "own", "short"}, "what loses nothing is not judged again"
    left, size = len(scraps) + 2, len(rows[1]["text"])
    what = f"1 paragraphs stand in other documents, {left} of {size} bytes are left"
    assert found.rejected["stub"] == ("duplicate_paragraphs", what)
    assert found.lost["stub"] == rows[1]["text"]
    enough = Rule(name="few_words", signal="words", languages=("en",), min=32, max=None)
    other = Rule(name="short", signal="characters", languages=("zh",), min=1000, max=None)
    assert "stub" in finish(tmp_path / "enough", rows, rules=(enough, other)).texts
