"""The whole of it on real text: a run's trusted documents and junk made of them, through the corpus's own
steps."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from manifests.border.arrow_files import open_table
from manifests.schema.base import ManifestError, load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import StepManifest
from manifests.trusted_loss import losses_of_run
from openba.cli.main import main
from openba.judging import calibrate, quality_report
from pipeline.judge import quality_report as module
from pipeline.judge import trusted_text
from pipeline.judge.junk_sources import junk_kind
from pipeline.judge.measured_documents import measured_documents
from pipeline.judge.verdicts import dropped, verdicts
from tests.pipeline.at_hand import chapters, manuals, needs_texts
from tests.tiny import corpus

RULES = [
    {"name": "runs", "signal": "duplicate_10grams", "languages": ["en", "zh"], "max": 0.2},
    {"name": "long", "signal": "characters", "languages": ["zh"], "max": 5_000},
    {"name": "odd", "signal": "perplexity", "languages": ["zh"], "max": 5_000},
]
NAMES = ["novel", "manuals"]


def write(folder: Path) -> Path:
    """A corpus of a novel and of manuals, both trusted, and of a source that is not."""
    texts = {"novel": chapters()[:60], "manuals": manuals()[:80], "others": manuals()[80:90]}
    for name, found in texts.items():
        lines = "".join(json.dumps({"text": text}) + "\n" for text in found)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    sources = [
        {"name": name, "path": f"{name}.jsonl", "format": "jsonl", "reference": name in NAMES}
        for name in texts
    ]
    quality = {
        "tokenizer": {"pieces": 3000, "sample_bytes": 200_000},
        "perplexity": {"order": 2, "estimator": "builtin"},
        "classifier": {"documents": 20},
        "rules": RULES,
    }
    file = folder / "corpus.yaml"
    settings = corpus(sources=sources, quality=quality, ingest={"part_bytes": 1_000_000})
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a corpus manifest, with ``run`` judged in it."""
    folder = tmp_path_factory.mktemp("judged")
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(module, "JUNK", 8)
        quality_report(write(folder), folder / "run")
    return folder


@needs_texts
def test_the_report_is_of_the_trusted_sources_and_every_kind_of_junk(run: Path) -> None:
    report = json.loads((run / "run" / "quality-report.json").read_text(encoding="utf-8"))
    assert list(report["trusted_loss"]) == NAMES
    assert report["documents"]["novel"] == 60
    assert {language: len(kinds) for language, kinds in report["junk_caught"].items()} == {"en": 13, "zh": 13}
    assert report["rules"]["long"]["sources"] == {"novel": report["trusted_loss"]["novel"]}
    assert report["junk_caught"]["en"]["machine_repeated"] > 0.5
    assert report["signals"]["perplexity"]["zh"]["junk_caught"] > 0.2
    assert "quality_score" not in report["signals"], "a classifier would be trained on junk"


@needs_texts
def test_the_verdicts_are_those_of_the_steps(run: Path) -> None:
    folder = run / "run" / "trial"
    manifest = load(run / "corpus.yaml", CorpusManifest)
    documents = measured_documents(folder, manifest)
    found = dropped(verdicts(documents, manifest.quality.judged), len(documents.languages))
    rejected = {
        id_
        for step in ("ingest", "language", "quality")
        for part in load(folder / step / "manifest.json", StepManifest).parts
        for id_ in open_table(folder / step / part.rejected.path).column("id").to_pylist()
    }
    assert set(documents.table.filter(pa.array(found)).column("id").to_pylist()) == rejected
    assert any(junk_kind(id_.split(":")[0]) for id_ in rejected)


@needs_texts
def test_a_rule_that_drops_a_trusted_source_warns_in_check(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (worst,) = [loss for loss in losses_of_run(run / "run") if loss.rule == "long"]
    assert (worst.source, worst.documents) == ("novel", 60)
    assert worst.lost == sum(len(text) - text.count("\n") > 5_100 for text in chapters()[:60])
    assert len(worst.examples) == 3
    assert all(example.startswith("novel:novel.jsonl#") for example in worst.examples)
    assert main(["check", str(run / "corpus.yaml"), "--run", str(run / "run")]) == 0
    assert f"warning: long drops {100 * worst.lost / 60:.1f} % of the trusted source novel (" in (
        capsys.readouterr().out
    )


@needs_texts
def test_the_line_of_the_quality_step_warns_and_says_such_as(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--corpus", str(run / "corpus.yaml"), "--run", str(run / "run"), "-q"]
    assert main(["quality", *given]) == 0
    line, *warnings = capsys.readouterr().out.splitlines()
    assert line.startswith("quality")
    assert any("warning: long drops" in one and "such as novel:novel.jsonl#" in one for one in warnings)
    assert main(["quality", *given, "--json"]) == 0
    assert any("long drops" in one for one in json.loads(capsys.readouterr().out)["warnings"])


@needs_texts
def test_a_second_report_measures_nothing_again_and_is_the_same(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "JUNK", 8)
    before = (run / "run" / "quality-report.json").read_bytes()
    (run / "run" / "quality" / "manifest.json").unlink(missing_ok=True)
    signals = run / "run" / "trial" / "quality" / "signals" / "part-00000.arrow"
    written = signals.stat().st_mtime_ns
    given = ["--corpus", str(run / "corpus.yaml"), "--run", str(run / "run"), "-q"]
    assert main(["quality-report", *given]) == 0
    assert (run / "run" / "quality-report.json").read_bytes() == before
    assert signals.stat().st_mtime_ns == written
    shown = capsys.readouterr().out
    assert "machine repeated" in shown
    assert "warning: long drops" in shown
    assert shown.count("novel:novel.jsonl#") >= 3


@needs_texts
def test_calibrated_rules_can_be_pasted_into_the_manifest(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "JUNK", 8)
    given = ["--corpus", str(run / "corpus.yaml"), "--run", str(run / "run"), "-q", "--loss", "0.05"]
    assert main(["calibrate", *given]) == 0
    text = capsys.readouterr().out
    rules = yaml.safe_load(text)["rules"]
    data = yaml.safe_load((run / "corpus.yaml").read_text(encoding="utf-8"))
    data["quality"]["rules"] = rules
    CorpusManifest.model_validate(data)
    assert [rule["name"] for rule in rules] == ["runs", "runs", "long", "odd"]
    assert next(rule["max"] for rule in rules if rule["name"] == "long") > 5_000
    assert "junk that these rules miss: " in text


@needs_texts
def test_a_calibration_by_the_tenth_percentile_loses_more(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JUNK", 8)
    few = calibrate(run / "corpus.yaml", run / "run", 0.02)
    many = calibrate(run / "corpus.yaml", run / "run", 0.02, "tenth")
    assert many.trusted_loss["zh"] > few.trusted_loss["zh"]
    assert sum(many.junk_missed["zh"].values()) < sum(few.junk_missed["zh"].values())


@needs_texts
def test_of_a_great_source_an_even_choice_is_judged(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_text, "MOST_DOCUMENTS", 25)
    found = trusted_text.trusted_text(run / "run", load(run / "corpus.yaml", CorpusManifest))
    assert {name: len(one.documents) for name, one in found.collections.items()} == {
        "novel": 20,
        "manuals": 20,
    }
    assert len(found.texts["zh"]) == 20


@needs_texts
def test_without_a_trusted_source_there_is_nothing_to_judge(tmp_path: Path) -> None:
    file = write(tmp_path)
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    for source in data["sources"]:
        source["reference"] = False
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(ManifestError, match="write `reference: true` where text is known to be good"):
        quality_report(file, tmp_path / "run")
