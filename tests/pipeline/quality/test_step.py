from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from manifests.schema.base import ManifestError
from manifests.schema.documents import MEASURED, REJECTED
from manifests.schema.steps import merge_metrics
from pipeline.arrowio import open_table
from pipeline.outcome import Position
from pipeline.quality import QualityStep
from pipeline.quality.parts import PartRows
from pipeline.quality.sample import HELD_BACK, Sample, balanced, held_back
from pipeline.step import StepResult
from pipeline.text.signals import measure
from pipeline.tokenizer import Tokenizer
from tests.pipeline.quality import corpus

FEW = {"name": "few_words", "signal": "words", "languages": ["en", "zh"], "min": 5}


def documents() -> list[list[dict[str, Any]]]:
    web = (
        corpus.rows([*corpus.DAODEJING, "此两者，同"], "web", "zh")
        + corpus.rows(["Hi there."], "web", "en")
        + corpus.rows(["?"], "web", None)
    )
    return [corpus.rows(corpus.english(), "reference-en", "en") + web, corpus.rows(corpus.chinese(), "reference-zh", "zh")]


def kept(folder: Path, result: StepResult) -> pa.Table:
    return pa.concat_tables([open_table(folder / "quality" / part.kept.path) for part in result.parts])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StepResult]:
    folder = tmp_path_factory.mktemp("run")
    return folder, QualityStep().run(corpus.context(folder, corpus.manifest([FEW]), documents()))


def test_documents_get_their_own_signals_and_tokens(run: tuple[Path, StepResult]) -> None:
    folder, result = run
    table = kept(folder, result)
    assert table.schema == MEASURED
    found = measure(table["text"].combine_chunks())
    signals = table["signals"].combine_chunks()
    for name in ("words", "han_ratio", "max_line_length"):
        np.testing.assert_array_equal(signals.field(name).to_numpy(zero_copy_only=False), found[name])
    tokenizer = Tokenizer(folder / "quality" / "tokenizer" / "part-00000.model")
    assert table["tokens"].to_pylist() == tokenizer.encode(table["text"].combine_chunks()).to_pylist()
    assert tokenizer.decode(table["tokens"].combine_chunks()).to_pylist() == table["text"].to_pylist()


def test_rejected_documents_say_why(run: tuple[Path, StepResult]) -> None:
    folder, _ = run
    table = open_table(folder / "quality" / "rejected" / "part-00000.arrow")
    assert table.schema == REJECTED
    assert table.select(["text", "step", "reason", "detail"]).to_pylist() == [
        {"text": "此两者，同", "step": "quality", "reason": "few_words", "detail": "words 4 < 5"},
        {"text": "Hi there.", "step": "quality", "reason": "few_words", "detail": "words 2 < 5"},
    ]


def test_reference_documents_are_not_judged_by_a_model_trained_on_them(run: tuple[Path, StepResult]) -> None:
    folder, result = run
    rows = kept(folder, result).select(["source", "hash", "signals"]).to_pylist()
    hashes = pa.array([row["hash"] for row in rows], pa.binary(16))
    reference = np.array([row["source"] != "web" for row in rows])
    exempt = reference & ~held_back(hashes)
    perplexity = np.array([row["signals"]["perplexity"] for row in rows], float)
    assert exempt.sum() > 90
    assert (reference & ~exempt).sum() > 0
    np.testing.assert_array_equal(np.isnan(perplexity[reference]), exempt[reference])
    metrics = merge_metrics(part.metrics for part in result.parts)
    assert metrics["perplexity/exempt/en"] + metrics["perplexity/exempt/zh"] == exempt.sum()


def test_buckets_are_the_percentiles_of_held_back_reference_text(run: tuple[Path, StepResult]) -> None:
    folder, result = run
    rows = [row for row in kept(folder, result).select(["source", "signals"]).to_pylist() if row["source"] == "reference-en"]
    held = [row["signals"] for row in rows if not np.isnan(row["signals"]["perplexity"])]
    values = np.array([row["perplexity"] for row in held])
    middle, tail = np.percentile(values, (30, 60))
    assert [row["perplexity_bucket"] for row in held] == np.digitize(values, (middle, tail)).tolist()
    assert result.metrics["perplexity/middle_from/en"] == round(middle)


def test_a_changed_threshold_decides_again_without_measuring_again(tmp_path: Path) -> None:
    first = corpus.context(tmp_path, corpus.manifest([FEW]), documents())
    QualityStep().run(first)
    phases = ("tokenizer", "signals", "models", "bounds", "perplexity")
    before = {
        path: path.stat().st_mtime_ns for phase in phases for path in (tmp_path / "quality" / phase).rglob("part-*") if path.is_file()
    }
    strict = corpus.context(tmp_path, corpus.manifest([FEW | {"min": 60}]), documents(), "two")
    result = QualityStep().run(strict)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert sum(part.rejected.rows for part in result.parts) > 2


def test_the_same_input_gives_the_same_bytes(run: tuple[Path, StepResult], tmp_path: Path) -> None:
    again = QualityStep().run(corpus.context(tmp_path, corpus.manifest([FEW]), documents()))
    assert [part.model_dump() for part in again.parts] == [part.model_dump() for part in run[1].parts]
    assert again.files == run[1].files


def test_a_given_tokenizer_is_used_and_perplexity_may_be_left_out(run: tuple[Path, StepResult], tmp_path: Path) -> None:
    model = run[0] / "quality" / "tokenizer" / "part-00000.model"
    manifest = corpus.manifest([FEW], tokenizer={"model": str(model)}, perplexity=None)
    context = corpus.context(tmp_path, manifest, documents())
    assert list(QualityStep().inputs(context)) == ["tokenizer"]
    result = QualityStep().run(context)
    assert (tmp_path / "quality" / "tokenizer" / "part-00000.model").read_bytes() == model.read_bytes()
    assert np.isnan(kept(tmp_path, result)["signals"].combine_chunks().field("perplexity").to_numpy(zero_copy_only=False)).all()
    assert not (tmp_path / "quality" / "models").exists()


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    manifest = corpus.manifest([], tokenizer={"model": "no.model"})
    with pytest.raises(ManifestError, match=r"quality\.tokenizer\.model: .*no\.model does not exist"):
        QualityStep().inputs(corpus.context(tmp_path, manifest, documents()))


def test_a_corpus_without_reference_text_has_no_perplexity(tmp_path: Path) -> None:
    web = corpus.rows([*corpus.DAODEJING, *corpus.english()[:9]], "web", "zh")
    result = QualityStep().run(corpus.context(tmp_path, corpus.manifest([], tokenizer={"pieces": 600}), [web]))
    assert result.parts[0].kept.rows == 14
    assert not any(name.startswith("perplexity") for name in result.parts[0].metrics)


def test_shares_balance_bytes_and_pass_on_what_a_small_language_cannot_give() -> None:
    assert balanced({"en": 1000, "zh": 1000, "code": 100}, 900) == {"code": 1.0, "en": 0.4, "zh": 0.4}
    assert balanced({"en": 10, "zh": 10}, 900) == {"en": 1.0, "zh": 1.0}
    assert balanced({}, 900) == {}


def test_a_sample_takes_its_share_by_hash_alone() -> None:
    rows = corpus.rows([str(number) for number in range(4000)], "web", "en")
    batch = pa.RecordBatch.from_pylist(
        [{**row} for row in rows], schema=pa.schema([("source", "string"), ("language", "string"), ("hash", pa.binary(16))])
    )
    chosen = Sample({"en": 0.25}, frozenset({"web"})).chosen(batch)
    assert 900 < chosen.sum() < 1100
    np.testing.assert_array_equal(Sample({"en": 0.25}, frozenset({"web"})).chosen(batch[1000:]), chosen[1000:])
    assert Sample({"en": 1.0}, frozenset({"web"})).chosen(batch).all()
    assert not Sample({"en": 1.0}, frozenset({"other"})).chosen(batch).any()
    assert not Sample({"zh": 1.0}, frozenset({"web"})).chosen(batch).any()
    assert held_back(batch.column("hash")).mean() == pytest.approx(HELD_BACK, abs=0.015)


def test_rows_of_another_part_are_refused(run: tuple[Path, StepResult]) -> None:
    rows = PartRows({0: run[0] / "quality" / "signals" / "part-00000.arrow"})
    size = rows.rows(Position(0, 0), 5)["words"]
    assert len(size) == 5
    with pytest.raises(ValueError, match="row 1000 is wanted, but there are only"):
        rows.rows(Position(0, 0), 1000)
