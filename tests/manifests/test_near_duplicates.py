"""The report shows some near-duplicates beside the documents that stay."""

from __future__ import annotations

from pathlib import Path

from manifests.report import write_report
from manifests.report.near_duplicates import DuplicateGroup, near_duplicates
from manifests.report.run_record import RunRecord
from pipeline.steps.privacy.shown_texts import shown as scrub
from tests.manifests.forged_run import edit, rewrite
from tests.manifests.small_run import ZEN, build_corpus, name_of


def groups(run: Path) -> list[DuplicateGroup]:
    return near_duplicates(RunRecord.read(run, scrub))


def test_the_document_that_stays_and_those_that_were_dropped_for_it(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    (group,) = groups(tmp_path)
    assert (group.survivor, group.text, group.number) == (name_of(ZEN[1]), ZEN[1], 2)
    assert [(one.id, one.similarity, one.text) for one in group.dropped] == [
        (name_of(text), "0.88", text) for text in ZEN[5:]
    ]


def test_a_survivor_of_an_earlier_run_has_no_text_here(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    detail = "cluster=01 survivor=old:1 similarity=0.91 index=../old/dedup"
    rewrite(tmp_path / "dedup" / "rejected" / "part-00000.arrow", "detail", lambda _: [detail, detail])
    assert [(group.survivor, group.text, group.number) for group in groups(tmp_path)] == [("old:1", "", 2)]
    assert "in an earlier run" in write_report(tmp_path, scrub).read_text(encoding="utf-8")


def test_each_survivor_has_a_group(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    details = [
        f"cluster=0 survivor={name_of(text)} similarity=0.9{index}" for index, text in enumerate(ZEN[:2])
    ]
    rewrite(tmp_path / "dedup" / "rejected" / "part-00000.arrow", "detail", lambda _: details)
    found = [(group.text, [one.similarity for one in group.dropped]) for group in groups(tmp_path)]
    assert found == [(ZEN[0], ["0.90"]), (ZEN[1], ["0.91"])]


def test_exact_duplicates_are_no_near_duplicates(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    text = (tmp_path / "dedup" / "manifest.json").read_text(encoding="utf-8")
    (tmp_path / "dedup" / "manifest.json").write_text(text.replace("near_duplicate", "exact_duplicate"))
    rejected = tmp_path / "dedup" / "rejected" / "part-00000.arrow"
    rewrite(rejected, "reason", lambda reasons: ["exact_duplicate"] * len(reasons))
    assert groups(tmp_path) == []
    edit(tmp_path / "dedup" / "manifest.json", lambda manifest: manifest["metrics"].clear())
    assert 'id="duplicates"' not in write_report(tmp_path, scrub).read_text(encoding="utf-8")
