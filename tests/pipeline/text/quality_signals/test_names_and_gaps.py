"""What is a word and what a name; what a scanner parts, and what a writer; number signs, and what HTML has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipeline.text.quality_signals.signals import measure

WORDS = "The manual says in plain words what every one of these does and when it is of use. "


def english(text: str) -> dict[str, float]:
    found = measure(pa.array([WORDS * 4 + text + " " + WORDS * 4]), np.ones(1, bool))
    return {name: float(values[0]) for name, values in found.items()}


def chinese(text: str) -> float:
    return float(measure(pa.array([text]), np.ones(1, bool))["gapped_characters"][0])


@pytest.mark.parametrize(
    "name",
    [
        "x86_64xyzzy",
        "__init1x__",
        "pthread2Mutex",
        "HL7V2STORE",
        "arc4random()",
        "fgets2x(3)",
        "lib64x.so",
        "std1x::vec",
        "--with2foo=bar",
        "/usr/lib1x/x",
        "$var1name",
        "sha256sum",
        "1280x1024x24bpp",
        "0x31Bq",
        "mysql1x@db.example.org",
        "{a1b|c2d}",
        "key1x=value",
    ],
)
def test_names_of_program_text_are_no_words(name: str) -> None:
    plain, found = english("it"), english(f"{name} {name} {name} it")
    assert found["odd_words"] == plain["odd_words"] == 0
    assert found["odd_letter_pairs"] == plain["odd_letter_pairs"]


@pytest.mark.parametrize("word", ["l1ke", "wo~rd", "pr0gram", "th§at", "qua|ity", "p!ain", "caсh"])
def test_what_a_scanner_or_a_disguise_makes_of_a_word_is_odd(word: str) -> None:
    assert english(f"{word} it")["odd_words"] > 0


def test_the_words_beside_a_name_count_as_they_did() -> None:
    assert (
        english("zxqk snake_case zxqk")["odd_letter_pairs"]
        > english("zxqk snake_case")["odd_letter_pairs"]
        > 0
    )
    assert english("函数printf_s和pr0gram it")["odd_words"] > 0


@pytest.mark.parametrize(
    "behind", ["the :c:func:`f`", "the .lzma format", "an :prop_tgt:`NAME`", "the ...args"]
)
def test_what_begins_with_a_mark_may_follow_an_article(behind: str) -> None:
    assert english(f"{behind} and {behind} and {behind} it")["misplaced_words"] == 0


def test_an_article_before_a_mark_of_the_sentence_is_misplaced() -> None:
    assert english("the . and the , and the : it")["misplaced_words"] > 0


JUDGMENT = "原告与被告签订合同后,被告没有按照约定支付货款,原告多次催要未果;现请求法院判令被告支付货款及利息:共计五万元.被告答辩称,原告所述不实!"


def test_punctuation_of_half_width_parts_no_characters() -> None:
    assert chinese(JUDGMENT) == 0
    assert chinese(JUDGMENT.replace("告", "××").replace("元", "%")) == 0


@pytest.mark.parametrize(
    "text",
    [
        "请选择 拼写检查器 来启用该插件，然后在 首选项窗口 中打开 自动检查 一项。按下 更改 按钮。" * 3,
        "主动和我说话嘛 我不想要这样等下去 你到底在忙什么 让我感觉到无比的寂寞 不过没有关系" * 2,
        "爱情不是随便许诺💍好了不想再说👄没错是我那么多的冷漠❤️让你感觉到无比的寂寞😩不过一个女人的爱☀不仅仅"
        * 2,
    ],
)
def test_who_writes_spaces_for_commas_or_around_terms_and_emoji_parts_none(text: str) -> None:
    assert chinese(text) == 0


@pytest.mark.parametrize("text", ["。中 国人民", "人民中 国。", "中~国", "中■国", "我们 的 时候"])
def test_what_a_scanner_parts_is_a_gap(text: str) -> None:
    assert chinese(JUDGMENT + text * 3) > 0


def test_spaces_around_a_single_character_are_two_gaps() -> None:
    han = sum("\u4e00" <= c <= "\u9fff" for c in JUDGMENT)
    assert chinese(JUDGMENT + "人民政府 和 人民群众 等等" * 2) == pytest.approx(4 / (han + 22))


def test_one_gap_or_two_are_slips() -> None:
    text = "中 国" + JUDGMENT
    assert chinese(text) == chinese(text + "人 民") == 0 < chinese(text + "人 民" + "日 报")


@pytest.mark.parametrize("mark", [*"﹐﹑﹔﹕﹖﹗︐︑︒︓︔︕︖｡､", *"\u200b\u200c\u2060\ufeff\u00ad"])
def test_marks_of_every_width_and_what_is_not_seen_part_none(mark: str) -> None:
    assert chinese("".join(mark if c in ",;:!." else c for c in JUDGMENT)) == 0


@pytest.mark.parametrize(
    "text",
    [
        "1982年 作品，",
        "作品 第1章，",
        "在K 线图里 看A股，",
        "这个方法 是 Python 的",
        "用 Go 写 程序",
        "第 3 章 开头",
    ],
)
def test_a_character_beside_a_number_or_a_word_is_no_single_one(text: str) -> None:
    assert chinese(JUDGMENT + text * 5) == 0


SPACED = (
    "下面列出的是 操作系统 支持的全部信号。 某些信号的编号 依赖于 体系结构，所以首先描述标准 的 信号以及它们默认的动作，"
    "然后 在 后面的 表格里 给出 每一种机器上的编号。"
)


def test_a_text_with_a_space_behind_every_word_is_not_judged_by_its_spaces() -> None:
    assert chinese(SPACED * 3) == 0
    scanned = "".join(c + " " * (k % 9 in (4, 5)) for k, c in enumerate(SPACED.replace(" ", "") * 3))
    assert chinese(scanned) > 0.1


CANTONESE = "呢個問題好多人都問過，呢啲嘢其實唔難，呢次我哋慢慢講，呢本書入面都有寫，呢度就唔再重複，呢位同學你話係咪。"
ANNOUNCED = (
    "的确，参与者都来了，着手准备的人不多，着力推进的更少，的确如此，与者同行，着眼将来，了解情况的都说好。"
)


@pytest.mark.parametrize("text", [CANTONESE, ANNOUNCED])
def test_words_that_begin_with_a_particle_may_begin_a_clause(text: str) -> None:
    assert misplaced(text * 3) == 0


def test_particles_that_no_word_begins_with_begin_no_clause() -> None:
    assert misplaced(ANNOUNCED.replace("的确", "的来").replace("着", "们") * 3) > 0.3


VERTICAL = dict(zip("，。、；：？！", "︐︒︑︔︓︖︕", strict=True))
SMALL = dict(zip("，、；：？！", "﹐﹑﹔﹕﹖﹗", strict=True))


@pytest.mark.parametrize("widths", [VERTICAL, SMALL])
def test_a_mark_is_the_same_mark_in_all_its_widths(widths: dict[str, str]) -> None:
    text = "他来了，我们走吧！你是谁？这里有书、有笔；还有纸：很好。，的人。，的人，。"
    table = str.maketrans(widths)
    one, other = (measure(pa.array([t * 4])) for t in (text, text.translate(table)))
    for name in ("sentences", "mean_clause_length", "misplaced_words", "full_width_ratio", "terminal_lines"):
        assert one[name][0] == other[name][0], name


def misplaced(text: str) -> float:
    found = measure(pa.array([text]))
    return float(found["misplaced_words"][0])


def test_a_mark_behind_a_mark_is_one_slip_however_often_it_is_typed() -> None:
    plain = "小猪跑进了菜地，把菜都吃光了。民警走来走去，想不出什么办法，"
    assert misplaced((plain + "只好回家。") * 8) == 0
    assert misplaced((plain + "只好回家，。") * 8) == 0
    assert misplaced((plain + "只好回家，，。") * 8) < misplaced((plain + "只好，的回家。") * 8)


def test_marks_in_any_order_are_more_than_a_slip() -> None:
    text = "，。他、；我。：你；？是，！的。，人、。有；，这。；里、？书，：笔。！"
    assert misplaced(text) > 0.4


def entropy(text: str) -> float:
    return float(measure(pa.array([text]))["word_entropy"][0])


def test_the_entropy_of_a_short_text_says_nothing() -> None:
    assert np.isnan(entropy("你最想从母校带走的是什么？" * 16))
    assert entropy("你最想从母校带走的是什么" * 17) == pytest.approx(np.log(12) - 2 / 12 * np.log(2), abs=0.2)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#955 and (#12)", 0),
        ("# a comment", 0),
        ("#!/bin/bash", 0),
        ("a #tag", 1),
        ("##", 1),
        ("C# is", 0),
        ("#标签", 1),
    ],
)
def test_number_signs_of_issues_and_comments_are_no_hash_tags(text: str, tags: int) -> None:
    found = measure(pa.array([f"one two three {text}"]))
    assert found["hash_tags"][0] * found["words"][0] == pytest.approx(tags)
    assert found["hash_words"][0] * found["words"][0] == pytest.approx(text.count("#"))


def test_joiners_and_what_is_not_seen_are_no_control_characters() -> None:
    found = measure(
        pa.array(
            [
                "沉默🙇🏻\u200d♀️",
                "می\u200cخواهم",
                "co\u00adop",
                "\u2066x\u2069",
                "侧颜。\u200b\u2060\ufeff",
                "a\u200bb\x07",
            ]
        )
    )
    assert found["control_ratio"].tolist() == [0, 0, 0, 0, 0, 0.25]
