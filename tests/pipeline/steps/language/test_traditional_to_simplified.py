"""Traditional Chinese as Simplified, phrase by phrase."""

from __future__ import annotations

import opencc
import pyarrow as pa
import pytest
import xxhash

from manifests.schema.documents import IDENTIFIED
from manifests.schema.language import LanguageSettings
from pipeline.steps.language.language_step import LanguageStep
from pipeline.steps.language.traditional_to_simplified import (
    VERSION,
    Simplifier,
    is_taiwanese,
    with_original_script,
)
from tests.pipeline.at_hand import chapters, needs_texts
from tests.pipeline.steps.ingest.run import corpus
from tests.pipeline.steps.language.test_language_step import (
    ENGLISH,
    FRENCH,
    HANS,
    LAOZI,
    LAOZI_SIMPLIFIED,
    identify,
    needs_model,
)


@needs_model
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


@pytest.mark.parametrize(
    ("taiwanese", "simplified"),
    [
        ("他看著窗外，想著心事，著急得很", "他看着窗外，想着心事，着急得很"),
        ("著名的作家都有著作，名著不少", "著名的作家都有著作，名著不少"),
        ("睡著了；沿著河走；接著說；附著在上面", "睡着了；沿着河走；接着说；附着在上面"),
        ("原著與譯著，編著和專著，拙著，巨著，遺著", "原著与译著，编著和专著，拙著，巨著，遗著"),
        ("土著居民成效卓著，他所著的書", "土著居民成效卓著，他所著的书"),
        ("草原著火了，飛機在新著陸場", "草原着火了，飞机在新着陆场"),
        ("顯著、執著、穿著、著作權", "显著、执着、穿着、著作权"),
        ("裡面的麵條，衛星，群眾，啟發", "里面的面条，卫星，群众，启发"),
    ],
)
def test_taiwan_s_one_letter_is_two_in_simplified(taiwanese: str, simplified: str) -> None:
    assert Simplifier().convert(pa.array([taiwanese])).to_pylist() == [simplified]


@pytest.mark.parametrize(
    ("text", "simplified"),
    [
        ("他望着窗外，王力著《漢語史稿》", "他望着窗外，王力著《汉语史稿》"),
        ("他望着海，想着事，魯迅著", "他望着海，想着事，鲁迅著"),
        ("無此字的一篇文章", "无此字的一篇文章"),
    ],
)
def test_texts_that_have_both_letters_keep_them_apart(text: str, simplified: str) -> None:
    assert not is_taiwanese(text)
    assert Simplifier().convert(pa.array([text])).to_pylist() == [simplified]


def test_a_text_with_the_stand_in_is_still_converted() -> None:
    assert Simplifier().convert(pa.array(["看著\U0010fffd書"])).to_pylist() == ["看著\U0010fffd书"]


@needs_texts
def test_a_novel_comes_back_from_taiwan() -> None:
    text = "\n".join(chapters())
    back = Simplifier().convert(pa.array([opencc.OpenCC("s2tw").convert(text)]))[0].as_py()
    assert len(back) == len(text)
    # A verb of the classical language, for the most part; with t2s alone every one of the 287 is wrong.
    wrong = sum((one == "着") != (other == "着") for one, other in zip(back, text, strict=True))
    assert (text.count("着"), wrong) == (287, 28)
