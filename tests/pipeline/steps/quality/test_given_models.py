"""A KenLM model and a fastText classifier that were made elsewhere judge documents of the quality step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pyarrow.compute as pc
import pytest

from manifests.border.unsound_file import UnsoundFileError
from manifests.errors import UserError
from manifests.schema.base import ManifestError
from pipeline.models.perplexity.kenlm_model import KenlmScorer
from pipeline.models.training_sample import Folds
from pipeline.runtime.step import StepResult
from pipeline.steps.quality.given_models import _read_bounds
from pipeline.steps.quality.quality_step import QualityStep
from tests.pipeline.models.perplexity.test_kenlm_model import arpa
from tests.pipeline.steps.quality import corpus
from tests.pipeline.steps.quality.test_quality_step import documents, kept


def run(folder: Path, rules: list[dict[str, Any]] | None = None, **quality: Any) -> StepResult:
    manifest = corpus.manifest(rules or [], **quality)
    return QualityStep().run(corpus.context(folder, manifest, documents()))


def classifier(folder: Path) -> Path:
    """Prose of Python's reference against verses, as fastText's own program would train it."""
    text = folder / "train.txt"
    lines = [f"__label__prose {' '.join(text.split())}" for text in corpus.english()]
    lines += [f"__label__verse {' '.join(verse.split())}" for verse in corpus.chinese()]
    text.write_text("\n".join(lines), encoding="utf-8")
    model = fasttext.train_supervised(str(text), thread=1, seed=1, epoch=30, dim=8, verbose=0)
    model.save_model(str(folder / "prose.bin"))
    return folder / "prose.bin"


def test_a_given_model_judges_its_language_and_no_model_of_it_is_trained(tmp_path: Path) -> None:
    path = arpa(tmp_path)
    given = {"order": 3, "estimator": "builtin", "models": {"zh": {"model": str(path)}}}
    result = run(tmp_path, perplexity=given)
    table = kept(tmp_path, result)
    signals = table["signals"].combine_chunks()
    found = signals.field("perplexity").to_numpy(zero_copy_only=False)
    chinese = pc.equal(table["language"], "zh").to_numpy().astype(bool)
    expected = KenlmScorer(path).score(table.filter(pc.equal(table["language"], "zh"))["text"].to_pylist())
    np.testing.assert_array_equal(found[chinese], expected.astype(np.float32))
    # All of the reference text is unseen, so that all of it sets the bounds.
    reference = pc.equal(table["source"], "reference-zh")
    bounds = np.percentile(KenlmScorer(path).score(table.filter(reference)["text"].to_pylist()), (30, 60))
    bucket = signals.field("perplexity_bucket").to_numpy(zero_copy_only=False)
    assert bucket[chinese].tolist() == np.digitize(expected, bounds).tolist()
    assert np.isnan(signals.field("context_gain").to_numpy(zero_copy_only=False)[chinese]).all()
    trained = sorted(file.path for file in result.files if file.path.endswith(".ngrams"))
    assert len(trained) == Folds(1).models * len({"en"})
    assert not any("exempt/zh" in name for part in result.parts for name in part.metrics)


def test_a_given_classifier_scores_the_languages_it_is_for(tmp_path: Path) -> None:
    rule = {"name": "verse", "signal": "quality_score", "languages": ["zh"], "min": 0.5}
    given = {"model": str(classifier(tmp_path)), "label": "__label__prose", "languages": ["en", "zh"]}
    result = run(tmp_path, [rule], perplexity=None, classifier=given)
    table = kept(tmp_path, result)
    score = table["signals"].combine_chunks().field("quality_score").to_numpy(zero_copy_only=False)
    assert score[pc.equal(table["source"], "reference-en").to_numpy().astype(bool)].min() > 0.5
    assert "zh" not in table["language"].to_pylist()
    assert not list((tmp_path / "quality").glob("classifiers/*.bin"))


def test_other_languages_have_no_score(tmp_path: Path) -> None:
    given = {"model": str(classifier(tmp_path)), "label": "__label__prose", "languages": ["en"]}
    table = kept(tmp_path, run(tmp_path, perplexity=None, classifier=given))
    score = table["signals"].combine_chunks().field("quality_score").to_numpy(zero_copy_only=False)
    assert np.isnan(score[pc.equal(table["language"], "zh").to_numpy().astype(bool)]).all()


def test_a_label_that_the_model_has_not_is_told_with_those_it_has(tmp_path: Path) -> None:
    given = {"model": str(classifier(tmp_path)), "label": "__label__hq"}
    with pytest.raises(UserError, match="no label __label__hq") as raised:
        run(tmp_path, perplexity=None, classifier=given)
    assert "__label__prose, __label__verse" in str(raised.value)


@pytest.mark.parametrize(
    ("key", "quality"),
    [
        ("perplexity.models.zh.model", {"perplexity": {"models": {"zh": {"model": "gone"}}}}),
        (
            "perplexity.models.en.tokenizer",
            {"perplexity": {"models": {"en": {"model": "m", "tokenizer": "gone"}}}},
        ),
        ("classifier.model", {"perplexity": None, "classifier": {"model": "gone"}}),
        ("tokenizer.model", {"perplexity": None, "tokenizer": {"model": "gone"}}),
    ],
)
def test_a_missing_file_is_told_by_its_key(tmp_path: Path, key: str, quality: dict[str, Any]) -> None:
    (tmp_path / "m").write_bytes(b"")
    with pytest.raises(ManifestError, match=f"quality.{key}: .*gone does not exist"):
        QualityStep().inputs(corpus.context(tmp_path, corpus.manifest([], **quality), documents()))


def test_another_model_file_is_another_input(tmp_path: Path) -> None:
    given = {"perplexity": {"estimator": "builtin", "models": {"zh": {"model": str(arpa(tmp_path))}}}}
    context = corpus.context(tmp_path, corpus.manifest([], **given), documents())
    before = QualityStep().inputs(context)
    assert list(before) == ["perplexity.models.zh.model", "privacy"]
    arpa(tmp_path).write_text(arpa(tmp_path).read_text().replace("-0.75", "-0.7"))
    assert QualityStep().inputs(context) != before


def test_bounds_of_documents_that_are_alike_are_sound(tmp_path: Path) -> None:
    path = tmp_path / "bounds.json"
    for text in ("null", "[7.5, 7.5]", "[7.5, 8.25]"):
        path.write_text(text, encoding="utf-8")
        assert _read_bounds(path) == json.loads(text)
    for text in ("[8.25, 7.5]", "[7.5]", '["a", "b"]', "{}"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UnsoundFileError, match="holds no bounds"):
            _read_bounds(path)
