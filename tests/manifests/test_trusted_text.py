"""The report says what a run dropped of its reference sources, by source and rule."""

from __future__ import annotations

from pathlib import Path

from manifests.report import write_report
from manifests.report.run_record import RunRecord
from manifests.report.trusted_text import trusted_sources
from pipeline.steps.privacy.shown_texts import shown as scrub
from tests.manifests.forged_run import edit
from tests.manifests.small_run import MARKUP, build_corpus
from tests.manifests.test_report import rows


def trust(run: Path, *sources: str) -> None:
    build_corpus(run)
    settings = {"references": list(sources)}
    edit(run / "quality" / "manifest.json", lambda manifest: manifest["settings"].update(settings))


def test_losses_are_counted_by_source_and_rule_with_examples(tmp_path: Path) -> None:
    trust(tmp_path, "lunyu", "pep20", "absent")
    found = trusted_sources(RunRecord.read(tmp_path, scrub))
    assert [(source.name, source.documents, source.lost) for source in found] == [
        ("lunyu", 6, 1),
        ("absent", 0, 0),
        ("pep20", 7, 0),
    ]
    (loss,) = found[0].rules
    assert (loss.step, loss.reason, loss.lost, loss.much) == ("quality", "few_han", 1, True)
    (example,) = loss.examples
    assert example.detail == "han_ratio 0.1 < 0.5"
    assert example.text.startswith(MARKUP[:20])
    assert "zhang.san" not in example.text


def test_duplicates_are_no_loss_of_trusted_text(tmp_path: Path) -> None:
    trust(tmp_path, "pep20")
    (source,) = trusted_sources(RunRecord.read(tmp_path, scrub))
    assert (source.lost, source.share, source.rules) == (0, 0.0, ())


def test_the_table_has_a_row_a_source_and_one_a_rule(tmp_path: Path) -> None:
    trust(tmp_path, "lunyu")
    page = write_report(tmp_path, scrub).read_text(encoding="utf-8")
    assert rows(page, "rules") == [
        ["lunyu", "", "all, of 6 documents", "1", "16.7 %", ""],
        ["", "quality", "few_han", "1", "16.7 %", ""],
    ]
    assert '<td class="number much">16.7 %</td>' in page


def test_a_run_that_trusts_nothing_has_no_section(tmp_path: Path) -> None:
    trust(tmp_path)
    assert 'id="rules"' not in write_report(tmp_path, scrub).read_text(encoding="utf-8")
