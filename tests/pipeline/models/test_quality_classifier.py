"""The fastText classifier: prose of the language reference against the same words in disorder."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from manifests.border.arrow_files import open_table
from pipeline.models.quality_classifier import TrainClassifier
from pipeline.models.training_sample import Folds
from pipeline.runtime.step import StepResult
from pipeline.steps.quality.quality_step import QualityStep
from tests.pipeline.steps.quality import corpus

RULE = {"name": "quality", "signal": "quality_score", "languages": ["en"], "min": 0.5}


def documents() -> list[list[dict[str, Any]]]:
    """Paragraphs of prose, as many with their words shuffled, and Chinese, of which there is only
    reference."""
    from pydoc_data.topics import topics

    prose = [part.strip() for _, text in sorted(topics.items()) for part in text.split("\n\n")]
    prose = [part for part in prose if len(part) > 150 and not part.startswith((" ", ">"))][:600]
    shuffled = []
    for number, text in enumerate(prose[300:]):
        parts = text.split()
        random.Random(number).shuffle(parts)
        shuffled.append(" ".join(parts))
    return [
        corpus.rows(prose[:300], "reference-en", "en") + corpus.rows(corpus.chinese(), "reference-zh", "zh"),
        corpus.rows(shuffled, "web", "en"),
    ]


def run(folder: Path, **classifier: Any) -> StepResult:
    manifest = corpus.manifest([RULE], perplexity=None, classifier=classifier)
    return QualityStep().run(corpus.context(folder, manifest, documents()))


@pytest.fixture(scope="module")
def crossfit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StepResult]:
    folder = tmp_path_factory.mktemp("run")
    return folder, run(folder)


def scores(folder: Path) -> dict[str, np.ndarray]:
    """Scores by source, in the documents' order."""
    found: dict[str, np.ndarray] = {}
    for part in range(2):
        sources = open_table(folder / "language" / f"part-{part:05d}.arrow")["source"].to_numpy()
        score = open_table(folder / "quality" / "scores" / f"part-{part:05d}.arrow")[
            "quality_score"
        ].to_numpy()
        found |= {source: score[sources == source] for source in set(sources)}
    return found


def test_prose_is_told_from_disorder_that_the_model_has_not_seen(crossfit: tuple[Path, StepResult]) -> None:
    found = scores(crossfit[0])
    good, bad = found["reference-en"], found["web"]
    assert ((good >= 0) & (good <= 1)).all()
    area = (good[:, None] > bad).mean() + (good[:, None] == bad).mean() / 2
    assert area > 0.9
    assert (good > 0.5).mean() > 0.8
    assert (bad < 0.5).mean() > 0.8


def test_a_rule_rejects_by_the_score(crossfit: tuple[Path, StepResult]) -> None:
    folder, result = crossfit
    found = scores(folder)
    assert sum(part.rejected.rows for part in result.parts) == sum(
        int((found[name] < 0.5).sum()) for name in ("reference-en", "web")
    )
    table = open_table(folder / "quality" / "rejected" / "part-00001.arrow")
    assert table["detail"][0].as_py().startswith("quality_score 0.")


def test_a_language_without_raw_text_has_no_score(crossfit: tuple[Path, StepResult]) -> None:
    assert np.isnan(scores(crossfit[0])["reference-zh"]).all()
    assert [file.path for file in crossfit[1].files] == [
        "tokenizer/part-00000.model",
        *(f"signals/part-{part.index:05d}.arrow" for part in crossfit[1].parts),
        "classifiers/part-00000.bin",
        "classifiers/part-00001.bin",
    ]


def test_the_same_documents_give_the_same_bytes(crossfit: tuple[Path, StepResult], tmp_path: Path) -> None:
    again = run(tmp_path)
    assert again.files == crossfit[1].files
    assert [part.model_dump() for part in again.parts] == [part.model_dump() for part in crossfit[1].parts]


def test_a_document_that_trained_every_model_has_no_score(tmp_path: Path) -> None:
    run(tmp_path, reference="exempt", documents=150)
    found = scores(tmp_path)
    # Half of the 300 train, but for the twentieth that is held back.
    for source in ("reference-en", "web"):
        assert 0.35 < np.isnan(found[source]).mean() < 0.6
    assert np.nanmean(found["reference-en"]) > np.nanmean(found["web"]) + 0.3


def test_no_model_is_trained_on_a_document_that_it_judges(
    crossfit: tuple[Path, StepResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = crossfit
    seen: list[list[tuple[bytes, str, str]]] = []
    lines = TrainClassifier._lines

    def spy(self: TrainClassifier, language: str, model: int) -> Any:
        seen.append(list(lines(self, language, model)))
        return iter(seen[-1])

    monkeypatch.setattr(TrainClassifier, "_lines", spy)
    for path in (folder / "quality" / "classifiers" / ".receipts").glob("*.json"):
        path.unlink()
    run(folder)
    tables = [open_table(folder / "language" / f"part-{part:05d}.arrow") for part in range(2)]
    english = pa.concat_tables(tables).filter(pc.field("language") == "en")
    hashes = english["hash"].combine_chunks()
    fold = Folds(2).fold(hashes)
    assert len(seen) == 2
    for model, trained in enumerate(seen):
        assert {digest for digest, _, _ in trained} == set(hashes.filter(pa.array(fold != model)).to_pylist())
