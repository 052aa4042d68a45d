from __future__ import annotations

import random
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from manifests.border.arrow_files import open_table
from manifests.files import sha256
from manifests.schema.base import ManifestError
from manifests.schema.documents import MEASURED, REJECTED
from manifests.schema.steps import merge_metrics
from pipeline.models.perplexity.kneser_ney import estimate
from pipeline.models.perplexity.scorer import PerplexityScorer
from pipeline.models.tokenizer import Tokenizer
from pipeline.models.training_sample import HELD_BACK, NO_MODEL, Folds, Sample, balanced
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.step import StepResult
from pipeline.steps.quality.extractors import SignalExtractor
from pipeline.steps.quality.quality_step import QualityStep
from pipeline.text.quality_signals.signals import measure
from tests.pipeline.steps.quality import corpus

FEW = {"name": "few_words", "signal": "words", "languages": ["en", "zh"], "min": 5}


def documents() -> list[list[dict[str, Any]]]:
    web = (
        corpus.rows([*corpus.DAODEJING, "此两者，同"], "web", "zh")
        + corpus.rows(["Hi there."], "web", "en")
        + corpus.rows(["?"], "web", None)
    )
    return [
        corpus.rows(corpus.english(), "reference-en", "en") + web,
        corpus.rows(corpus.chinese(), "reference-zh", "zh"),
    ]


def kept(folder: Path, result: StepResult) -> pa.Table:
    return pa.concat_tables([open_table(folder / "quality" / part.kept.path) for part in result.parts])


def tokens_of(folder: Path, table: pa.Table) -> pa.ListArray:
    """The tokens to which the documents' ``tokens_at`` leads."""
    written: dict[int, pa.Array] = {}
    for at in table["tokens_at"].to_pylist():
        path = folder / "quality" / "signals" / f"part-{at >> 32:05d}.arrow"
        written.setdefault(at >> 32, open_table(path)["tokens"].combine_chunks())
    return pa.array(
        [written[at >> 32][at & 0xFFFFFFFF].as_py() for at in table["tokens_at"].to_pylist()],
        pa.list_(pa.uint32()),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StepResult]:
    folder = tmp_path_factory.mktemp("run")
    return folder, QualityStep().run(corpus.context(folder, corpus.manifest([FEW]), documents()))


def test_documents_get_their_own_signals_and_tokens(run: tuple[Path, StepResult]) -> None:
    folder, result = run
    table = kept(folder, result)
    assert table.schema == MEASURED
    found = measure(table["text"].combine_chunks(), np.ones(len(table), bool))
    signals = table["signals"].combine_chunks()
    for name in ("words", "han_ratio", "max_line_length"):
        np.testing.assert_array_equal(signals.field(name).to_numpy(zero_copy_only=False), found[name])
    tokenizer = Tokenizer(folder / "quality" / "tokenizer" / "part-00000.model")
    tokens = tokens_of(folder, table)
    assert tokens.to_pylist() == tokenizer.encode(table["text"].combine_chunks()).to_pylist()
    assert tokenizer.decode(tokens).to_pylist() == table["text"].to_pylist()


def test_rejected_documents_say_why(run: tuple[Path, StepResult]) -> None:
    folder, _ = run
    table = open_table(folder / "quality" / "rejected" / "part-00000.arrow")
    assert table.schema == REJECTED
    assert table["broken_rules"].to_pylist() == [["few_words: words 4 < 5"], ["few_words: words 2 < 5"]]
    assert table["signals"].combine_chunks().field("characters").to_pylist() == [5, 8]
    assert table.select(["text", "step", "reason", "detail"]).to_pylist() == [
        {"text": "此两者，同", "step": "quality", "reason": "few_words", "detail": "words 4 < 5"},
        {"text": "Hi there.", "step": "quality", "reason": "few_words", "detail": "words 2 < 5"},
    ]


def test_reference_documents_are_not_judged_by_a_model_trained_on_them(run: tuple[Path, StepResult]) -> None:
    folder, result = run
    rows = kept(folder, result).select(["source", "hash", "signals"]).to_pylist()
    hashes = pa.array([row["hash"] for row in rows], pa.binary(16))
    reference = np.array([row["source"] != "web" for row in rows])
    exempt = reference & (Folds(1).fold(hashes) > 0)
    perplexity = np.array([row["signals"]["perplexity"] for row in rows], float)
    assert exempt.sum() > 90
    assert (reference & ~exempt).sum() > 0
    np.testing.assert_array_equal(np.isnan(perplexity[reference]), exempt[reference])
    metrics = merge_metrics(part.metrics for part in result.parts)
    assert metrics["perplexity/exempt/en"] + metrics["perplexity/exempt/zh"] == exempt.sum()


def test_buckets_are_the_percentiles_of_held_back_reference_text(run: tuple[Path, StepResult]) -> None:
    folder, result = run
    rows = [
        row
        for row in kept(folder, result).select(["source", "signals"]).to_pylist()
        if row["source"] == "reference-en"
    ]
    held = [row["signals"] for row in rows if not np.isnan(row["signals"]["perplexity"])]
    values = np.array([row["perplexity"] for row in held])
    middle, tail = np.percentile(values, (30, 60))
    assert [row["perplexity_bucket"] for row in held] == np.digitize(values, (middle, tail)).tolist()
    assert result.metrics["perplexity/middle_from/en"] == round(middle)


CROSSFIT = {"order": 3, "estimator": "builtin", "reference": "crossfit"}


def test_crossfitting_judges_every_reference_document_by_a_model_that_never_saw_it(tmp_path: Path) -> None:
    result = QualityStep().run(
        corpus.context(tmp_path, corpus.manifest([], perplexity=CROSSFIT), documents())
    )
    folder = tmp_path / "quality"
    table = kept(tmp_path, result).filter(pc.field("language") == "en")
    tokens, hashes = tokens_of(tmp_path, table), table["hash"].combine_chunks()
    found = table["signals"].combine_chunks().field("perplexity").to_numpy(zero_copy_only=False)
    fold = Folds(2).fold(hashes)
    reference = pc.equal(table["source"], "reference-en").to_numpy()
    assert np.isfinite(found[reference]).all()
    for number in (0, 1):
        unseen = tokens.filter(pa.array(reference & (fold != number)))
        offsets = unseen.offsets.to_numpy().astype(np.int64)
        estimate(unseen.flatten().to_numpy(), offsets - offsets[0], 3, tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == (
            folder / "models" / f"part-{number:05d}.ngrams"
        ).read_bytes()
        judged = (reference & (fold == number)) | (~reference & (number == 0))
        again = PerplexityScorer(tmp_path / "again").score(tokens.filter(pa.array(judged)))
        np.testing.assert_array_equal(found[judged], again.astype(np.float32))
    assert not any(name.startswith("perplexity/exempt") for part in result.parts for name in part.metrics)


def test_a_document_of_shuffled_words_is_told_by_its_order_not_by_its_perplexity(tmp_path: Path) -> None:
    text = " ".join(corpus.english()[:6])
    shuffled = " ".join(random.Random(1).sample(text.split(), len(text.split())))
    strange = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich, und keiner weiß warum. " * 9
    rows = corpus.rows(corpus.english(), "reference-en", "en") + corpus.rows(
        [text, shuffled, strange], "web", "en"
    )
    rule = {"name": "shuffled", "signal": "context_gain", "languages": ["en"], "min": 0.15}
    manifest = corpus.manifest([rule], perplexity=CROSSFIT)
    result = QualityStep().run(corpus.context(tmp_path, manifest, [rows]))
    signals = {row["id"]: row["signals"] for row in kept(tmp_path, result).to_pylist()}
    assert signals["web:0"]["context_gain"] > 0.8
    assert "web:1" not in signals
    # The model knows none of its words, and says nothing.
    assert np.isnan(signals["web:2"]["context_gain"])
    assert signals["web:2"]["perplexity"] > 5 * signals["web:0"]["perplexity"]


def test_wrapped_text_is_kept_and_the_same_lines_in_another_order_are_not(tmp_path: Path) -> None:
    lines = textwrap.wrap(" ".join(corpus.english()[:12]), 60)
    texts = ["\n".join(lines), "\n".join(random.Random(1).sample(lines, len(lines))), "\n\n".join(lines)]
    rows = corpus.rows(corpus.english(), "reference-en", "en") + corpus.rows(texts, "web", "en")
    rule = {"name": "torn", "signal": "line_context_gain", "languages": ["en"], "min": 0.3}
    manifest = corpus.manifest([rule], perplexity=CROSSFIT)
    result = QualityStep().run(corpus.context(tmp_path, manifest, [rows]))
    signals = {row["id"]: row["signals"] for row in kept(tmp_path, result).to_pylist()}
    assert signals["web:0"]["line_context_gain"] > 0.6
    assert "web:1" not in signals
    assert np.isnan(signals["web:2"]["line_context_gain"])


def test_copies_of_a_reference_document_stand_in_one_fold(tmp_path: Path) -> None:
    # The sentence comes nowhere else: a model that had seen it would find it as likely as what it was trained
    # on.
    strange = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 4
    copies = corpus.rows(corpus.english(), "reference-en", "en") + [
        row | {"id": f"copy-{row['id']}"} for row in corpus.rows([strange, strange], "reference-en", "en")
    ]
    result = QualityStep().run(corpus.context(tmp_path, corpus.manifest([], perplexity=CROSSFIT), [copies]))
    signals = [row["signals"]["perplexity"] for row in kept(tmp_path, result).to_pylist()]
    assert signals[-1] == signals[-2] > 5 * float(np.median(signals))


def test_installing_lmplz_changes_what_a_run_of_auto_depends_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto = corpus.context(tmp_path, corpus.manifest([], perplexity={"estimator": "auto"}), documents())
    builtin = corpus.context(tmp_path, corpus.manifest([]), documents())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert QualityStep().inputs(auto).keys() == {"privacy"}
    program = tmp_path / "lmplz"
    program.write_bytes(b"#!/bin/false\n")
    program.chmod(0o755)
    assert QualityStep().inputs(auto)["lmplz"] == sha256(program)
    assert QualityStep().inputs(builtin).keys() == {"privacy"}


def test_a_changed_threshold_decides_again_without_measuring_again(tmp_path: Path) -> None:
    first = corpus.context(tmp_path, corpus.manifest([FEW]), documents())
    QualityStep().run(first)
    phases = ("tokenizer", "signals", "models", "bounds", "perplexity")
    before = {
        path: path.stat().st_mtime_ns
        for phase in phases
        for path in (tmp_path / "quality" / phase).rglob("part-*")
        if path.is_file()
    }
    strict = corpus.context(tmp_path, corpus.manifest([FEW | {"min": 60}]), documents(), "two")
    result = QualityStep().run(strict)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert sum(part.rejected.rows for part in result.parts) > 2


def test_the_same_input_gives_the_same_bytes(run: tuple[Path, StepResult], tmp_path: Path) -> None:
    again = QualityStep().run(corpus.context(tmp_path, corpus.manifest([FEW]), documents()))
    assert [part.model_dump() for part in again.parts] == [part.model_dump() for part in run[1].parts]
    assert again.files == run[1].files


def test_a_given_tokenizer_is_used_and_perplexity_may_be_left_out(
    run: tuple[Path, StepResult], tmp_path: Path
) -> None:
    model = run[0] / "quality" / "tokenizer" / "part-00000.model"
    manifest = corpus.manifest([FEW], tokenizer={"model": str(model)}, perplexity=None)
    context = corpus.context(tmp_path, manifest, documents())
    assert list(QualityStep().inputs(context)) == ["tokenizer.model", "privacy"]
    result = QualityStep().run(context)
    assert (tmp_path / "quality" / "tokenizer" / "part-00000.model").read_bytes() == model.read_bytes()
    assert np.isnan(
        kept(tmp_path, result)["signals"].combine_chunks().field("perplexity").to_numpy(zero_copy_only=False)
    ).all()
    assert not (tmp_path / "quality" / "models").exists()


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    manifest = corpus.manifest([], tokenizer={"model": "no.model"})
    with pytest.raises(ManifestError, match=r"quality\.tokenizer\.model: .*no\.model does not exist"):
        QualityStep().inputs(corpus.context(tmp_path, manifest, documents()))


def test_a_corpus_without_reference_text_has_no_perplexity(tmp_path: Path) -> None:
    web = corpus.rows([*corpus.DAODEJING, *corpus.english()[:9]], "web", "zh")
    result = QualityStep().run(
        corpus.context(tmp_path, corpus.manifest([], tokenizer={"pieces": 600}), [web])
    )
    assert result.parts[0].kept.rows == 14
    assert not any(name.startswith("perplexity") for name in result.parts[0].metrics)


def test_shares_balance_bytes_and_pass_on_what_a_small_language_cannot_give() -> None:
    assert balanced({"en": 1000, "zh": 1000, "code": 100}, 900) == {"code": 1.0, "en": 0.4, "zh": 0.4}
    assert balanced({"en": 10, "zh": 10}, 900) == {"en": 1.0, "zh": 1.0}
    assert balanced({}, 900) == {}


def test_a_sample_takes_its_share_by_hash_alone() -> None:
    rows = corpus.rows([str(number) for number in range(4000)], "web", "en")
    fields = [("id", "string"), ("source", "string"), ("language", "string"), ("hash", pa.binary(16))]
    batch = pa.RecordBatch.from_pylist([{**row} for row in rows], schema=pa.schema(fields))
    chosen = Sample({"en": 0.25}, frozenset({"web"})).chosen(batch)
    assert 900 < chosen.sum() < 1100
    np.testing.assert_array_equal(
        Sample({"en": 0.25}, frozenset({"web"})).chosen(batch[1000:]), chosen[1000:]
    )
    assert Sample({"en": 1.0}, frozenset({"web"})).chosen(batch).all()
    assert not Sample({"en": 1.0}, frozenset({"other"})).chosen(batch).any()
    assert not Sample({"zh": 1.0}, frozenset({"web"})).chosen(batch).any()


def test_no_fold_is_judged_by_a_model_that_was_trained_on_it() -> None:
    hashes = pa.array(
        [row["hash"] for row in corpus.rows([str(number) for number in range(4000)], "web", "en")],
        pa.binary(16),
    )
    sampled = np.arange(4000) % 2 == 0
    held = Folds(1).judge(hashes, sampled)
    assert (held[~sampled] == 0).all()
    assert (held[sampled] == 0).mean() == pytest.approx(HELD_BACK, abs=0.015)
    assert set(held[sampled]) == {0, NO_MODEL}
    folds = Folds(3)
    judge = folds.judge(hashes, sampled)
    assert (judge[~sampled] == 0).all()
    np.testing.assert_array_equal(judge[sampled], folds.fold(hashes)[sampled])
    np.testing.assert_allclose(np.bincount(folds.fold(hashes)) / 4000, 1 / 3, atol=0.03)


def test_rows_of_another_part_are_refused(run: tuple[Path, StepResult]) -> None:
    rows = PartRows({0: run[0] / "quality" / "signals" / "part-00000.arrow"}, SignalExtractor.schema)
    size = rows.rows(BatchPosition(0, 0), 5)["words"]
    assert len(size) == 5
    with pytest.raises(ValueError, match="row 1000 is wanted, but there are only"):
        rows.rows(BatchPosition(0, 0), 1000)
