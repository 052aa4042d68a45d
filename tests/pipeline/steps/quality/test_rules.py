from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from manifests.check import check
from manifests.schema.base import ManifestError, load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.quality import QualitySettings
from manifests.schema.rules import FOLDER, Rule, RuleSet, Spared, rule_sets, rules_of
from manifests.schema.signals import MODEL_SIGNALS, SIGNALS, histogram_edges
from pipeline.steps.quality.quality_step import QualityStep
from pipeline.steps.quality.rules import judge
from pipeline.steps.quality.signal_histograms import histograms
from pipeline.text.quality_signals.signals import measure

DEMO = Path(__file__).parents[4] / "manifests/presets/demo/corpus.yaml"
LANGUAGES = np.array(["en", "zh", "en", None], object)
SOURCES = np.array(["web", "books", "books", "web"], object)


def signals(**columns: list[float]) -> dict[str, np.ndarray]:
    return {name: np.array(columns.get(name, [np.nan] * 4), np.float32) for name in SIGNALS}


def rule(name: str, signal: str, languages: tuple[str, ...] = ("en", "zh"), **bounds: float) -> Rule:
    return Rule.model_validate({"name": name, "signal": signal, "languages": languages, **bounds})


def test_the_first_broken_rule_in_the_manifest_s_order_is_the_reason() -> None:
    found = signals(words=[5, 5, 500, 5], mean_word_length=[2.125, 1, 12.5, 1])
    rules = [
        rule("few_words", "words", ("zh",), min=10),
        rule("word_length", "mean_word_length", min=3, max=10),
        rule("few", "words", min=10),
    ]
    reason, detail, broken = judge(found, LANGUAGES, SOURCES, rules)
    assert reason.to_pylist() == ["word_length", "few_words", "word_length", None]
    assert detail.to_pylist() == [
        "mean_word_length 2.125 < 3",
        "words 5 < 10",
        "mean_word_length 12.5 > 10",
        None,
    ]
    assert broken.to_pylist() == [
        ["word_length: mean_word_length 2.125 < 3", "few: words 5 < 10"],
        ["few_words: words 5 < 10", "word_length: mean_word_length 1 < 3", "few: words 5 < 10"],
        ["word_length: mean_word_length 12.5 > 10"],
        None,
    ]
    assert judge(found, LANGUAGES, SOURCES, rules[::-1])[0].to_pylist() == ["few", "few", "word_length", None]


def test_bounds_are_inclusive_at_the_precision_of_a_signal() -> None:
    found = signals(hash_words=[0.1, 0.1000001, 0.2, 0.2])
    assert judge(found, LANGUAGES, SOURCES, [rule("hashes", "hash_words", max=0.1)])[0].to_pylist() == [
        None,
        "hashes",
        "hashes",
        None,
    ]
    assert (
        judge(found, LANGUAGES, SOURCES, [rule("hashes", "hash_words", min=0.1)])[0].to_pylist() == [None] * 4
    )


def test_a_rule_spares_sources_and_genres() -> None:
    found = signals(words=[5, 5, 5, 5], lines=[9, 9, 9, 2], item_lines=[0.2, 0.5, 0.2, 0.9])
    languages = np.array(["en"] * 4, object)
    books = rule("few", "words", min=10).model_copy(update={"spare": Spared(sources=("books",))})
    assert judge(found, languages, SOURCES, [books]).reason.to_pylist() == ["few", None, None, "few"]
    lists = rule("few", "words", min=10).model_copy(update={"spare": Spared(genres=("list",))})
    assert judge(found, languages, SOURCES, [lists]).reason.to_pylist() == ["few", None, "few", "few"]


def test_what_is_not_a_number_breaks_no_rule() -> None:
    assert judge(signals(), LANGUAGES, SOURCES, [rule("any", "perplexity", min=0, max=1)])[0].null_count == 4


def test_no_documents_and_no_rules() -> None:
    empty = {name: np.empty(0, np.float32) for name in SIGNALS}
    reason, detail, broken = judge(
        empty, np.empty(0, object), np.empty(0, object), [rule("few", "words", min=1)]
    )
    assert len(reason) == len(detail) == len(broken) == 0
    assert judge(signals(), LANGUAGES, SOURCES, [])[0].null_count == 4


def test_histograms_count_every_judged_document_once() -> None:
    found = signals(hash_words=[0.1, 0.3, np.nan, 0.1], perplexity=[30, 40, np.nan, 50])
    metrics = histograms(
        found, LANGUAGES, np.array([True, False, False, False]), [rule("hashes", "hash_words", max=0.2)]
    )
    bin_of = {
        value: sum(np.float32(edge) <= np.float32(value) for edge in histogram_edges("hash_words"))
        for value in (0.1, 0.3)
    }
    assert metrics == {
        f"histogram/hash_words/en/{bin_of[0.1]}": 1,
        f"histogram_rejected/hash_words/en/{bin_of[0.1]}": 1,
        f"histogram/hash_words/zh/{bin_of[0.3]}": 1,
        "histogram/perplexity/en/10": 1,
        "histogram_rejected/perplexity/en/10": 1,
        "histogram/perplexity/zh/10": 1,
    }


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        (
            "网站地图 友情链接 宾馆索引 服务说明 关于携程 诚聘英才 代理合作 广告业务 联系我们",
            "zh",
            "zh_web_v2/advertising",
        ),
        ("太烫了太烫了太烫了太烫了太烫了太烫了太烫了太烫了", "zh", "zh_web_v2/top_character"),
        ("这酒店", "zh", "zh_web_v2/short_text"),
        ("锟斤拷" * 20, "zh", "zh_web_v2/mojibake"),
        (
            "１华东电脑２４．８２\n２工益股份２４．５３\n３海信电器２４．０５\n４江苏春兰２３．４２",
            "zh",
            "zh_web_v2/digits",
        ),
        ("晚上有电话来，一个字，烦" + "！" * 130, "zh", "zh_web_v2/han_ratio"),
        ("Home About Contact", "en", "gopher_v2/few_words"),
        (
            "Crawl spider item selector pipeline middleware request response engine downloader scheduler "
            "signals settings logging "
            "telemetry exporters feeds loaders processors contracts shell commands extensions requests "
            "links extractors caching "
            "retries redirects cookies proxies crawlers robots exceptions callbacks deferreds reactors "
            "asyncio statistics memory debugging benchmarking deployment coroutines selectors images threads "
            "queues parsers timeouts cores proxies handlers filters priorities depth.",
            "en",
            "gopher_v2/stop_words",
        ),
        (
            "# Auto-generated by a tool\n" + "def f(value):\n    return value\n" * 9,
            "code",
            "code_v2/generated",
        ),
        ("x = [" + "1, " * 900 + "]\n" + "def f():\n    pass\n" * 300, "code", "code_v2/max_line_length"),
        (
            "# Copyright (c) 2001 a company\n# Licensed under the terms below\n"
            + "# and so on\n" * 9
            + "pass\n",
            "code",
            "code_v2/comments",
        ),
    ],
)
def test_the_demo_s_rules_reject_junk_for_the_reason_that_a_person_would_give(
    text: str, language: str, reason: str
) -> None:
    assert _demo_reason(text, language) == reason


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("房间很干净，服务员的态度也很好，离火车站不远，下次来还会住在这里。", "zh"),
        (
            "滚滚长江东逝水，浪花淘尽英雄。是非成败转头空。青山依旧在，几度夕阳红。白发渔樵江渚上，惯看秋月"
            "春风。",
            "zh",
        ),
        (
            "A spider is a class that tells Scrapy which pages to follow and what to extract from them.\n"
            "It must have a name, and it may have a list of addresses to begin with. The engine takes the "
            "requests of the spider,\n"
            "sends them to the downloader, and hands the responses back to the method that the request "
            "named.",
            "en",
        ),
        (
            "def area(width: float, height: float) -> float:\n    # Both in metres, then.\n    return width "
            "* height\n\n\narea(2, 3)\n",
            "code",
        ),
    ],
)
def test_the_demo_s_rules_keep_good_text(text: str, language: str) -> None:
    assert _demo_reason(text, language) is None


def test_a_set_s_rules_follow_the_manifest_s_own_and_give_way_to_those_of_their_name() -> None:
    own = [
        {"name": "short", "signal": "characters", "languages": ["en"], "min": 10},
        {"name": "c4_v1/few_sentences", "signal": "c4_sentences", "languages": ["en"], "min": 3},
        {"name": "c4_v1/lorem_ipsum", "signal": "lorem_ipsum", "languages": [], "max": 0},
    ]
    quality = QualitySettings.model_validate({"rule_sets": ["c4_v1", "fineweb_v1"], "rules": own})
    names = [rule.name for rule in quality.judged]
    assert names[:4] == ["short", "c4_v1/few_sentences", "c4_v1/lorem_ipsum", "c4_v1/curly_bracket"]
    assert names[4:] == [rule.name for rule in rules_of("fineweb_v1")]
    found = signals(c4_sentences=[4, 4, 2, 2], lorem_ipsum=[9, 9, 9, 9], characters=[99, 99, 99, 99])
    assert judge(found, LANGUAGES, SOURCES, quality.judged)[0].to_pylist() == [
        None,
        None,
        "c4_v1/few_sentences",
        None,
    ]


@pytest.mark.parametrize(
    ("quality", "message"),
    [
        (
            "{rule_sets: [gopher_v9]}",
            r"corpus.yaml: quality.rule_sets\[0\]: 'gopher_v9' is not a rule set; known are c4_v1, code_v1, "
            r".*gopher_v1",
        ),
        (
            "{rule_sets: [c4_v1], rules: [{name: c4_v1/sentences, signal: words, languages: [en], min: 1}]}",
            r"corpus.yaml: quality: rules: 'c4_v1/sentences' is no rule of the rule_sets.*they have: "
            r"c4_v1/curly_bracket",
        ),
        (
            "{rules: [{name: few, signal: words, languages: [en], min: 9, spare: {sources: [chats]}}]}",
            r"quality.rules: 'few' spares 'chats', which is no source; known are django-docs, sphinx-docs, ",
        ),
    ],
)
def test_what_does_not_exist_is_an_error_that_names_what_does(
    quality: str, message: str, tmp_path: Path
) -> None:
    text = DEMO.read_text(encoding="utf-8")
    start, end = text.index("quality:\n"), text.index("privacy:\n")
    file = tmp_path / "corpus.yaml"
    file.write_text(f"{text[:start]}quality: {quality}\n{text[end:]}", encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        load(file, CorpusManifest)


def test_the_content_of_a_set_decides_the_step_and_the_words_of_its_sources_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = load(DEMO, CorpusManifest)
    before = QualityStep().settings(corpus)
    assert {
        "name": "gopher_v2/stop_words",
        "signal": "stop_words",
        "languages": ["en"],
        "min": 2.0,
        "max": None,
        "spare": {"sources": [], "genres": ["table", "list"]},
    } in before["rules"]
    assert not any("source" in rule for rule in before["rules"])
    stricter = tuple(
        rule.model_copy(update={"min": 3}) if rule.name == "gopher_v2/stop_words" else rule
        for rule in rules_of("gopher_v2")
    )
    monkeypatch.setattr(
        "manifests.schema.quality.rules_of", lambda name: stricter if name == "gopher_v2" else rules_of(name)
    )
    assert QualityStep().settings(corpus) != before


@pytest.mark.parametrize("name", rule_sets())
def test_every_set_is_valid_and_every_threshold_has_its_source(name: str) -> None:
    found = check(FOLDER / f"{name}.yaml")
    assert isinstance(found, RuleSet)
    assert found.name == name
    assert all(len(rule.source) > 10 and rule.languages for rule in found.rules)


def _demo_reason(text: str, language: str) -> str | None:
    rules = load(DEMO, CorpusManifest).quality.judged
    found = measure(pa.array([text]), np.array([language != "code"])) | {
        name: np.full(1, np.nan, np.float32) for name in MODEL_SIGNALS
    }
    return judge(found, np.array([language], object), np.array(["web"], object), rules)[0][0].as_py()
