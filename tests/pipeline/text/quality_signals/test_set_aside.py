from __future__ import annotations

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.quality_signals.set_aside import STAND_IN, STAND_INS, set_aside
from pipeline.text.quality_signals.signals import measure


def prose(text: str) -> str:
    """With ``X`` for what stands in for code, formulas and addresses."""
    buffers, _ = set_aside(text_buffers(pa.array([text])), np.ones(1, bool))
    found = bytes(buffers.data).decode()
    return "".join("X" if STAND_IN <= ord(c) < STAND_IN + STAND_INS else c for c in found)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # Code
        ("a\n```python\nx = 1\n```\nb", "a\nb"),
        ("a\n~~~\nx = 1\n~~~~\nb", "a\nb"),
        ("a\n````\n```\n````\nb", "a\nb"),
        ("call `f(x)` or ``a`b``.", "call X or X."),
        ("a stray ` mark and `code`", "a stray Xcode`"),
        ("Thus::\n\n    x = 1\n\n      y = 2\n\nback", "Thus::\n\n\n\nback"),
        ("term::\n\ta definition\n\nother::\n    as well", "term::\n\ta definition\n\nother::\n    as well"),
        ("Thus::\n  \n  x\nback::", "Thus::\n  \nback::"),
        (".. code-block:: python\n\n   x = 1\n\nback", "\n\nback"),
        (".. note::\n\n   Mind the gap.", "\n   Mind the gap."),
        # Links and addresses
        ("see [the docs](https://a.b/c) now", "see [the docs now"),
        ("see [the docs][1] now\n[1]: https://a.b", "see [the docs now\n"),
        ("at https://a.b/c?d=1 or <http://e.f>", "at X or X"),
        ("地址是https://a.b/c。完", "地址是X。完"),
        (":ref:`the docs <x>` say", "X say"),
        ("the :py:class:`Text` and :prop_tgt:`NAME`", "the X and X"),
        ("at 12:30:`x` and a :r:e:s:t", "at 12:30:X and a :r:e:s:t"),
        # Tags and comments
        ("<b>bold</b> text", "bold text"),
        ("a < b and c > d", "a < b and c > d"),
        ("<h1 class=x>A</h1><BR/>b<xs:y n='1'>", "Ab"),
        ("<alice> hi\n[10:00] <bob_|> hello", " hi\n[10:00]  hello"),
        ("by A <a.b@c.org>, copy <file> to <new-dir>", "by A X, copy X to X"),
        ("Vec<T> or Map<K, V>; <bh> is no <b>tag", "VecX or MapX;  is no tag"),
        ("a\n<!-- one\ntwo -->\nb", "a\nb"),
        # Formulas
        ("where $x^2$ is", "where X is"),
        ("it costs $5 and $10 today", "it costs $5 and $10 today"),
        # Sums
        ("862+56=　　和 534+229=（　）", "X　　和 X（　）"),
        ("先算（96－6）×（15＋9），再算92÷4×25。", "先算（X），再算X。"),
        ("2×4=8角=0.8元, so 3/4 + 1/4 = 1.", "X角=0.8元, so X."),
        ("1 2 3 + 4 = 7", "1 2 X"),
        ("143×9102 2008-04-14 12:00+08:00 8A-8985", "143×9102 2008-04-14 12:00+08:00 8A-8985"),
        ("+86-10-6552, a1+1=2, 1.2-4+b9, 5==5, 5+, 3-4", "+86-10-6552, a1+1=2, 1.2-4+b9, 5==5, 5+, 3-4"),
        ("a\n$$\nx = y\n$$\nb", "a\nb"),
        ("a\n\\begin{align}\nx &= y\n\\end{align}\nb", "a\nb"),
        (
            "\\begin{abstract}\n本文讲的是\\textbf{树}。\n\\end{abstract}",
            "X{abstract}\n本文讲的是X{树}。\nX{abstract}",
        ),
        ("\\begin{quote}\nTo be.\n\\begin{equation*}\nx\n\\end{equation*}\nNot.", "X{quote}\nTo be.\nNot."),
        # Blocks
        ("# ═══════\n# 说明\n# ───────\n%------\n% a\n% - - -\nb", "说明\n% a\nb"),
        ("# - a\n#\n% --\n#######\n", "- a\n#\n% --\n"),
        ("---\ntitle: x\n---\ntext", "text"),
        ("+++\ntitle = 1\n+++\ntext", "text"),
        ("---\nno matter\n---\ntext", "no matter\ntext"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\ntext", "text"),
        ("+---+\n| a |\n+===+\ntext", "text"),
        ("┌──┬──┐\n│命令│描述│\n├──┼──┤\n└──┴──┘\n文字", "文字"),
        ("Home | About | Contact", "Home | About | Contact"),
        ("Title\n=====\n\n* * *\n", "Title\n\n"),
        ('{{< copyable "x" >}}\n{% if a %}\na {{ b }} c\n{{ b }}, c\n', "a {{ b }} c\n{{ b }}, c\n"),
        # In quotations and items
        ("a\n> | x | y |\n> |---|---|\n> ```sql\n> select 1;\n> ```\n> b", "a\nb"),
        ("a\n-   $$\n    x = y\n    $$\n1. ```\n   x\n   ```\nb", "a\nb"),
        ("1.5 $$ is\n- a ``` b\n2) ```", "1.5 $$ is\n- a ``` b\n2) ```"),
        # Catalogs
        ('#: a.c:1\nmsgid "some "\n"text"\nmsgstr "一些文字"', '一些文字"'),
        ('msgid "a"\nmsgstr ""\n"一些"\n\nmsgid "b"\nmsgstr ""\n', '"一些"\n\n'),
        ('msgid ""\nmsgstr ""\n"Language: zh\\n"\n\nmsgid "a"\nmsgstr ""\n"x = 1\\n"\n"字\\n"', '\n"字X"'),
        ('He said\n"msgstr"', 'He said\n"msgstr"'),
        # Marks of lines
        ("## A heading", "A heading"),
        ("#hashtag stays", "#hashtag stays"),
        ("> > quoted", "quoted"),
        ("- item\n1. item", "- item\n1. item"),
    ],
)
def test_what_is_no_prose_is_set_aside(text: str, left: str) -> None:
    assert prose(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "```\ncode that nothing closes\n",
        "~~~ a\nb",
        "---\nkey: value\n",
        "$$\nx\n",
        "<!-- a\nb\n",
        "\\begin{align}\ny\n",
    ],
)
def test_a_block_that_nothing_closes_is_text(text: str) -> None:
    assert re.sub(r"\W", "", prose(text)) == re.sub(
        r"\W", "", text.replace("\\begin", "X").replace("begin", "X")
    )


def test_only_what_html_has_is_counted_as_tags() -> None:
    texts = [
        "<nick> a word <T> <a@b.org> <file> <option2>",
        "<p>one <b>two</b> <IMG src=x> <config></config>",
    ]
    assert measure(pa.array(texts), np.ones(2, bool))["html_tags"].tolist() == [0, pytest.approx(5000 / 3)]


def test_sentences_about_different_code_stay_different() -> None:
    found = measure(
        pa.array(["use `a` here\nuse `b` here\n", "use `a` here\nuse `a` here\n"]), np.ones(2, bool)
    )
    assert found["duplicate_lines"].tolist() == [0, 0.5]
    assert found["words"].tolist() == [8, 8]


def test_sizes_count_what_is_set_aside_and_shares_do_not() -> None:
    text = "中文说明文字。\n```\nprint(1)\n```\n"
    whole, judged = (measure(pa.array([text]), np.array([choice])) for choice in (False, True))
    assert whole["characters"] == judged["characters"] == 21
    assert judged["han_ratio"][0] == pytest.approx(6 / 7)
    assert judged["prose_ratio"][0] == pytest.approx(7 / 21)


def test_documents_that_are_not_chosen_stay_as_they_are() -> None:
    texts = pa.array(["`a` b", "`a` b"])
    buffers, aside = set_aside(text_buffers(texts), np.array([False, True]))
    assert bytes(buffers.data[: buffers.offsets[1]]) == b"`a` b"
    assert aside["visible"].tolist() == [0, 3]


PIECES = st.sampled_from(
    [
        "`",
        "``",
        "```",
        "~~~",
        "$",
        "$$",
        "\\begin{align}",
        "\\end{align}",
        "[",
        "](",
        ")",
        "][",
        "<",
        "<b>",
        "<!--",
        "-->",
        "---",
        "+++",
        "|",
        "| a |",
        "k: v",
        ":r:`",
        "http://a.b",
        "::",
        ".. code::",
        ".. x",
        "# ",
        "> ",
        "msgid",
        '"',
        "\n",
        "\n",
        "\n",
        "    ",
        " ",
        "word",
        "字",
        "é",
        "𠀀",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=40).map("".join), max_size=4))
def test_nothing_is_lost_and_nothing_comes_in(texts: list[str]) -> None:
    array = pa.array(texts, pa.large_string())
    buffers, aside = set_aside(text_buffers(array), np.ones(len(texts), bool))
    for row, text in enumerate(texts):
        left = bytes(buffers.data[buffers.offsets[row] : buffers.offsets[row + 1]]).decode()
        kept = [c for c in left if not STAND_IN <= ord(c) < STAND_IN + STAND_INS]
        assert _visible("".join(kept)) + aside[row]["visible"] == _visible(text)
        rest = iter(text)
        assert all(c in rest for c in kept)


def _visible(text: str) -> int:
    return sum(not unicodedata.category(c).startswith(("Z", "C")) for c in text)


def test_a_megabyte_of_openers_is_no_trouble() -> None:
    openers = [
        "`",
        "<a",
        "](",
        "][",
        "$",
        "://",
        "\\a",
        "```\n",
        "`` ",
        "~~~~\n",
        "$$\n",
        "<!--\n",
        "[a",
        ":a",
        "| \n",
        "\\b\n",
    ]
    for opener in openers:
        assert len(prose(opener * (400_000 // len(opener)))) <= 1_600_000


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("见 \\href{https://a.b/c}{文档} 一节", False),
        ("见[文档](https://a.b/c)一节", False),
        ("文档 <https://a.b/c> 一节", False),
        ("  src='https://a.b/c'", False),
        ('{"url": "https://a.b/c"}', False),
        ("<https://a.b/c>", True),
        ("见 https://a.b/c 一节", True),
        ("地址：https://a.b/c", True),
        ("（https://a.b/c）", True),
    ],
)
def test_the_targets_of_links_are_no_addresses_among_the_text(text: str, counted: bool) -> None:
    _, aside = set_aside(text_buffers(pa.array([text])), np.ones(1, bool))
    assert (aside["addresses"][0] > 0) == counted


@given(st.text("0123456789+-=×. （）a", max_size=40))
def test_what_is_taken_for_a_sum_has_two_operators(text: str) -> None:
    left = prose(f"a {text}")
    assert "X" not in left or len(re.findall("[-+=×]", text)) >= len(re.findall("[-+=×]", left)) + 2
