"""The report's table of sources, those of which nothing came included."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.report import summary
from manifests.report.run_record import RunRecord
from manifests.report.sources import sources, sources_without_documents
from tests.manifests.forged_run import edit
from tests.manifests.small_run import build_corpus


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of three sources, one of which has nothing but files without a document."""
    build_corpus(tmp_path)
    given = [{"name": name} for name in ("pep20", "archive", "lunyu")]
    edit(tmp_path / "ingest" / "manifest.json", lambda manifest: manifest["settings"].update(sources=given))
    return tmp_path


def test_each_source_has_what_every_step_kept_of_it_and_what_took_most(run: Path) -> None:
    rows = [
        (row.name, row.documents, row.kept, row.lost_most, row.lost) for row in sources(RunRecord.read(run))
    ]
    assert rows == [
        ("archive", 0, (0, 0, 0, 0, 0), "", 0),
        ("lunyu", 6, (6, 6, 5, 5, 5), "quality: few_han", 1),
        ("pep20", 7, (7, 7, 7, 5, 5), "dedup: near_duplicate", 2),
    ]


def test_a_source_of_which_nothing_came_is_told(run: Path) -> None:
    assert sources_without_documents(RunRecord.read(run)) == ["archive"]
    assert summary(run)[0].endswith("from 2 sources; 0 rejected; no document in archive")
