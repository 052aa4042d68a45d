"""Trusted text that rules drop, as a finished quality step says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests import trusted_loss
from manifests.files import write_json
from manifests.schema.base import load
from manifests.schema.steps import StepManifest
from manifests.trusted_loss import TrustedLoss, losses_of_run, trusted_losses
from tests.manifests.small_run import build_corpus


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """One of six documents of lunyu falls to few_han; lunyu is trusted."""
    build_corpus(tmp_path)
    file = tmp_path / "quality" / "manifest.json"
    manifest = load(file, StepManifest)
    settings = manifest.settings | {"references": ["lunyu"]}
    write_json(file, manifest.model_copy(update={"settings": settings}).model_dump(mode="json"))
    return tmp_path


def test_a_rule_that_drops_much_of_a_trusted_source_is_found_with_examples(run: Path) -> None:
    (loss,) = losses_of_run(run)
    assert (loss.rule, loss.source, loss.lost, loss.documents) == ("few_han", "lunyu", 1, 6)
    assert str(loss) == (
        f"few_han drops 16.7 % of the trusted source lunyu (1 of 6 documents), such as {loss.examples[0]}"
    )


def test_two_in_a_hundred_are_borne(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_loss, "MOST_LOSS", 1 / 6)
    assert losses_of_run(run) == []


def test_a_source_that_is_not_trusted_may_lose_all(run: Path) -> None:
    manifest = load(run / "quality" / "manifest.json", StepManifest)
    untrusted = manifest.model_copy(update={"settings": {"references": ["pep20"]}})
    assert trusted_losses(run / "quality", untrusted) == []


def test_a_quality_report_goes_before_the_step_since_it_judges_each_rule_by_itself(run: Path) -> None:
    examples = [{"id": f"lunyu:{number}", "text": "..."} for number in (1, 5, 9)]
    rules = {
        "few_han": {"sources": {"lunyu": 0.03}, "examples": {"lunyu": examples}},
        "short": {"sources": {"lunyu": 0.25}, "examples": {"lunyu": examples[:1]}},
        "idle": {"sources": {"lunyu": 0.01}, "examples": {}},
    }
    write_json(run / "quality-report.json", {"documents": {"lunyu": 200}, "rules": rules})
    assert losses_of_run(run) == [
        TrustedLoss("short", "lunyu", 50, 200, ("lunyu:1",)),
        TrustedLoss("few_han", "lunyu", 6, 200, ("lunyu:1", "lunyu:5", "lunyu:9")),
    ]


def test_a_run_without_either_has_nothing_to_say(tmp_path: Path) -> None:
    assert losses_of_run(tmp_path) == []
