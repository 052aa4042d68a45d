"""Signals of the user's own: measured beside the built-in ones, judged by rules, counted, carried along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from manifests.border.arrow_files import open_table
from manifests.plugins import PluginError, resolve
from manifests.report.run_record import RunRecord
from manifests.report.signals import panels
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import DEDUPED, MEASURED, with_signals
from manifests.schema.plugins import SIGNALS_GROUP
from manifests.schema.signals import SIGNALS
from manifests.schema.steps import StepManifest, merge_counts, merge_metrics
from pipeline.runtime.batch_result import BatchPosition, decide
from pipeline.runtime.step import StepResult
from pipeline.steps.quality.quality_step import QualityStep
from pipeline.steps.quality.user_signals import UserSignal
from tests.pipeline.plugins import SHOUTING, write_plugin
from tests.pipeline.steps.quality import corpus

LOUD = ["PLEASE REMEMBER THAT EVERY WORD OF THIS NOTICE IS WRITTEN IN CAPITALS " * 4]
RULE = {"name": "shouting", "signal": "capitals", "languages": ["en"], "max": 0.5}
CAPITALS = {"use": "shouting:capitals", "range": [0, 1]}


def parts() -> list[list[dict[str, Any]]]:
    calm = corpus.english()[:30]
    return [corpus.rows([*calm, *LOUD], "web", "en"), corpus.rows(corpus.chinese(), "reference-zh", "zh")]


def manifest(*rules: dict[str, Any], **signal: Any) -> CorpusManifest:
    return corpus.manifest(rules, signals=[CAPITALS | signal], perplexity=None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StepResult]:
    folder = tmp_path_factory.mktemp("signals")
    write_plugin(folder, "shouting", SHOUTING)
    return folder, QualityStep().run(corpus.context(folder, manifest(RULE), parts()))


def test_a_rule_judges_it_by_name(finished: tuple[Path, StepResult]) -> None:
    folder, result = finished
    rejected = open_table(folder / "quality" / result.parts[0].rejected.path)
    assert rejected.column("text").to_pylist() == LOUD
    assert rejected.column("reason").to_pylist() == ["shouting"]
    assert rejected.column("detail").to_pylist() == ["capitals 1 > 0.5"]


def test_it_is_a_column_of_the_signals(finished: tuple[Path, StepResult]) -> None:
    folder, result = finished
    kept = open_table(folder / "quality" / result.parts[0].kept.path)
    assert kept.schema.field("signals").type.names == [*SIGNALS, "capitals"]
    text, signals = kept.column("text")[0].as_py(), kept.column("signals")[0].as_py()
    share = sum(map(str.isupper, text)) / sum(map(str.isalpha, text))
    assert signals["capitals"] == pytest.approx(share, abs=1e-6)
    assert signals["characters"] == sum(not letter.isspace() for letter in text)


def test_it_is_counted_in_bins_of_its_range(finished: tuple[Path, StepResult]) -> None:
    metrics = merge_metrics(part.metrics for part in finished[1].parts)
    assert metrics["histogram_rejected/capitals/en/51"] == 1, "a share of 1 is behind the last edge"
    counted = [value for name, value in metrics.items() if name.startswith("histogram/capitals/en/")]
    assert sum(counted) == 31
    assert metrics["histogram/capitals/zh/1"] == len(corpus.chinese())


def test_later_steps_carry_it_along(finished: tuple[Path, StepResult]) -> None:
    folder, result = finished
    (batch, *_) = open_table(folder / "quality" / result.parts[0].kept.path).to_batches()
    reason = pa.nulls(batch.num_rows, pa.string())
    kept = decide("dedup", batch, reason, reason).kept
    assert kept.schema == with_signals(DEDUPED, ["capitals"])
    assert kept.column("signals").field("capitals").equals(batch.column("signals").field("capitals"))
    assert with_signals(MEASURED, ["capitals"]) == batch.schema


def test_the_report_draws_it(finished: tuple[Path, StepResult]) -> None:
    folder, result = finished
    step = StepManifest(
        step="quality",
        step_version=3,
        fingerprint="",
        input_sha256="",
        settings=QualityStep().settings(manifest(RULE)),
        documents_in=sum(part.documents_in for part in result.parts),
        documents_kept=sum(part.kept.rows for part in result.parts),
        counts=merge_counts(part.counts for part in result.parts),
        metrics=merge_metrics(part.metrics for part in result.parts),
        parts=tuple(result.parts),
    )
    (panel, *_) = panels(RunRecord(folder, {"quality": step}, None, (), (), None))
    assert (panel.signal, panel.meaning) == ("capitals", "plug-in shouting:capitals")
    assert [(bound.rule, bound.value) for bound in panel.thresholds] == [("shouting", 0.5)]


def test_a_change_of_its_code_measures_it_alone_again(tmp_path: Path) -> None:
    write_plugin(tmp_path, "shouting", SHOUTING)
    context = corpus.context(tmp_path, manifest(), parts())
    first = QualityStep().inputs(context)
    QualityStep().run(context)
    signals = tmp_path / "quality" / "signals" / "part-00000.arrow"
    before = signals.stat().st_ino
    write_plugin(tmp_path, "shouting", SHOUTING.replace("return np.array(", "return 0 * np.array("))
    assert QualityStep().inputs(context) != first
    result = QualityStep().run(corpus.context(tmp_path, manifest(), parts(), "two"))
    kept = open_table(tmp_path / "quality" / result.parts[0].kept.path)
    assert {row["capitals"] for row in kept.column("signals").to_pylist()} == {0.0}
    assert signals.stat().st_ino == before


def test_settings_without_one_are_as_before() -> None:
    assert "signals" not in QualityStep().settings(corpus.manifest([]))
    assert QualityStep().settings(manifest())["signals"] == [
        {"use": "shouting:capitals", "name": "capitals", "range": [0.0, 1.0]}
    ]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("return [0.5]", "returned list; return an array of floats, one a document"),
        ("return pa.array(['a', 'b'])", "returned string values; return an array of floats"),
        ("return np.zeros((2, 2))", "returned ndarray; return an array of floats"),
        ("return np.zeros(3)", "returned 3 values for 2 documents"),
        ("return 1 / 0", "failed: ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_wrong_with_it_is_told(tmp_path: Path, code: str, message: str) -> None:
    path = write_plugin(
        tmp_path, "faulty", f"import numpy as np\nimport pyarrow as pa\ndef f(batch):\n    {code}\n"
    )
    signal = UserSignal("f", resolve("faulty:f", SIGNALS_GROUP, tmp_path))
    with pytest.raises(PluginError) as caught:
        signal.process(pa.record_batch({"text": ["a", "b"]}), BatchPosition(0, 0))
    assert f"plug-in faulty:f {message}" in str(caught.value) or f"plug-in faulty:f: {message}" in str(
        caught.value
    )
    assert ("ZeroDivisionError" not in message) or str(caught.value).startswith(f"{path}:4: ")


def test_null_is_no_value_and_breaks_no_rule(tmp_path: Path) -> None:
    write_plugin(tmp_path, "nulls", "import pyarrow as pa\ndef f(batch):\n    return pa.array([None, 2])\n")
    signal = UserSignal("f", resolve("nulls:f", SIGNALS_GROUP, tmp_path))
    found = signal.process(pa.record_batch({"text": ["a", "b"]}), BatchPosition(0, 0))
    np.testing.assert_array_equal(found.column("f").to_numpy(), np.array([np.nan, 2], np.float32))


def test_a_rule_on_no_signal_names_all_that_there_are() -> None:
    with pytest.raises(ValidationError, match=r"rule 'shouting': signal 'capitol' is not one of: .*capitals"):
        manifest(RULE | {"signal": "capitol"})


def test_its_name_must_be_free() -> None:
    with pytest.raises(ValidationError, match="signals: 'characters' is the name of another signal"):
        manifest(name="characters")
