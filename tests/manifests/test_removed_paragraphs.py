"""The report shows paragraphs that deduplication removed, with whose copy stays, masked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from manifests.files import sha256
from manifests.report.page import write_report
from manifests.report.removed_paragraphs import SHOWN, removed_paragraphs
from manifests.report.run_record import RunRecord
from pipeline.steps.privacy.shown_texts import shown as scrub
from tests.manifests.forged_run import edit
from tests.manifests.small_run import ZEN, build_corpus


def removed(run: Path, numbers: list[int]) -> Path:
    """The run, in which files of so many paragraphs are among those of dedup."""
    build_corpus(run)
    entries, first = list[dict[str, Any]](), 0
    for index, number in enumerate(numbers):
        rows = [
            {
                "id": f"web:{row}",
                "first_byte": 1000 * row,
                "copy_of": f"best:{row}",
                "language": "en",
                "text": f"{ZEN[row % 7]} a@example.org",
            }
            for row in range(first, first + number)
        ]
        first += number
        path = run / "dedup" / "removed" / f"part-{index:05d}.arrow"
        path.parent.mkdir(exist_ok=True)
        strings = [(name, pa.string()) for name in ("id", "copy_of", "language", "text")]
        schema = pa.schema([*strings, ("first_byte", pa.int64())])
        with pa.ipc.new_file(path, schema) as writer:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema), max_chunksize=10)
        size = path.stat().st_size
        name = f"removed/{path.name}"
        entries.append({"path": name, "sha256": sha256(path), "bytes": size, "rows": number})
    counted = {"paragraphs_removed/en": first, "documents_cut/en": 1}
    edit(run / "dedup" / "manifest.json", lambda content: content["files"].extend(entries))
    edit(run / "dedup" / "manifest.json", lambda content: content["metrics"].update(counted))
    return run


@pytest.mark.parametrize("numbers", [[], [0], [1], [0, 5], [25, 0, 40], [3, 9]])
def test_some_of_all_are_shown(tmp_path: Path, numbers: list[int]) -> None:
    found = removed_paragraphs(RunRecord.read(removed(tmp_path, numbers), scrub))
    total = sum(numbers)
    assert len(found) == min(total, SHOWN)
    shown = [int(paragraph.document.split(":")[1]) for paragraph in found]
    assert shown == sorted(set(shown))
    if total:
        assert (shown[0], shown[-1]) == (0, total - 1)
    assert all(paragraph.copy_of == paragraph.document.replace("web", "best") for paragraph in found)
    assert all(paragraph.text.endswith("<EMAIL>") for paragraph in found)


def test_the_page_has_a_section_of_them(tmp_path: Path) -> None:
    page = write_report(removed(tmp_path, [2]), scrub).read_text(encoding="utf-8")
    assert "which keeps them:\n2 en (documents cut: 1)." in page
    where = ("web:1", "en", "from byte 1,000", "stays in best:1")
    assert " · ".join(f"<bdi>{one}</bdi>" for one in where) in page
    assert "a@example.org" not in page


def test_a_run_without_them_has_none(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    assert "Removed paragraphs" not in write_report(tmp_path, scrub).read_text(encoding="utf-8")
