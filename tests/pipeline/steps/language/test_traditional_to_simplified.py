"""Traditional Chinese as Simplified, phrase by phrase."""

from __future__ import annotations

import pyarrow as pa
import xxhash

from manifests.schema.documents import IDENTIFIED
from manifests.schema.language import LanguageSettings
from pipeline.steps.language.language_step import LanguageStep
from pipeline.steps.language.traditional_to_simplified import VERSION, Simplifier, with_original_script
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
