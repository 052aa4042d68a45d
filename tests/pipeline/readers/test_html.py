"""Pages: running text is kept, menus, link lists and teasers are not, in English and in Chinese."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from pipeline.readers.html import page_of
from tests.pipeline.at_hand import chapters, manuals, needs_texts

SHARED = Path(__file__).parents[4] / "shared" / "corpus" / "web-html"

ENGLISH = """<!DOCTYPE html><html lang=en><head><title>
 The Zen of
 Python</title><link rel="canonical" href="https://example.org/zen"></head><body>
<nav><ul><li><a href=/>Home</a><li><a href=/news>News</a><li><a href=/about>About us</a></ul></nav>
<div class=main><h1>The Zen &amp; the Python</h1>
<p>Beautiful is better than ugly, and explicit is better than implicit; simple is better than complex.</p>
<h2>An example</h2>
<pre>def zen(n):
    if n &lt; 2:
        return 1</pre>
<ul><li>Now is better than never, although never is often better than right now.</ul>
<p>Errors should never pass silently. <a href=/explicit>Unless explicitly silenced</a>, of course, as the author said.</p></div>
<div class=related><h3>Read also</h3><a href=/1>Ten things you never knew about style</a><br>
<a href=/2>You will not believe the ninth</a></div>
<footer>Copyright 2001, all rights reserved</footer></body></html>"""

CHINESE = """<html><head><meta charset="gbk"><title>老子</title></head><body>
<div class="nav"><a href="/">首页</a> | <a href="/news">新闻</a> | <a href="/sports">体育</a></div>
<div id="content"><h1>第一章</h1><p>来源：<a href="/laozi">老子</a></p>
<p>道可道，非常道。名可名，非常名。无名天地之始，有名万物之母。</p>
<p>故常无欲，以观其妙；常有欲，以观其徼。此两者，同出而异名，同谓之玄。</p></div>
<div class="hot"><h3>热门新闻</h3>
<ul><li><a href="/1">多地项目接连爆雷引发关注</a></li><li><a href="/2">专家：今年经济形势向好</a></li></ul></div>
<p>版权所有</p></body></html>"""


def test_an_english_page() -> None:
    page = page_of(ENGLISH.encode())
    assert (page.title, page.url, page.charset, page.reason) == (
        "The Zen of Python",
        "https://example.org/zen",
        "utf-8",
        None,
    )
    assert page.text == (
        "The Zen & the Python\n\n"
        "Beautiful is better than ugly, and explicit is better than implicit; simple is better than "
        "complex.\n\n"
        "An example\n\n"
        "def zen(n):\n    if n < 2:\n        return 1\n\n"
        "  • Now is better than never, although never is often better than right now.\n\n"
        "Errors should never pass silently. Unless explicitly silenced, of course, as the author said."
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16"])
def test_a_chinese_page_in_any_charset(encoding: str) -> None:
    page = page_of(CHINESE.encode(encoding), ("iso-8859-1",))
    assert (page.title, page.reason) == ("老子", None)
    assert page.text == (
        "第一章\n\n道可道，非常道。名可名，非常名。无名天地之始，有名万物之母。\n\n"
        "故常无欲，以观其妙；常有欲，以观其徼。此两者，同出而异名，同谓之玄。"
    )


def page_around(page: str, paragraphs: list[str]) -> str:
    """One of the pages above with other paragraphs between its heading and what follows its text."""
    head, heading, rest = page.partition("</h1>")
    _, end, tail = rest.partition("</div>")
    return head + heading + "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs) + end + tail


def sentences(manual: str) -> list[str]:
    """Paragraphs of running text of a manual, without mark-up of its own."""
    paragraphs = (
        " ".join(paragraph.split())
        for paragraph in manual.split("\n\n")
        if "::" not in paragraph and "  " not in paragraph
    )
    return [
        paragraph
        for paragraph in paragraphs
        if len(paragraph) >= 120 and paragraph[0].isalpha() and paragraph[-1] == "."
    ]


@needs_texts
def test_running_text_of_manuals_comes_back_without_what_stands_around_it() -> None:
    pages = [found[:12] for found in map(sentences, manuals()) if len(found) >= 3]
    assert len(pages) > 300
    for paragraphs in pages:
        page = page_of(page_around(ENGLISH, paragraphs).encode())
        assert (page.text, page.title, page.reason) == (
            "\n\n".join(["The Zen & the Python", *paragraphs]),
            "The Zen of Python",
            None,
        )


@needs_texts
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chapters_of_a_novel_come_back_without_what_stands_around_them(encoding: str) -> None:
    for chapter in chapters():
        paragraphs = [line.strip() for line in chapter.split("\n") if len(line.strip()) >= 60][:12]
        page = page_of(page_around(CHINESE, paragraphs).encode(encoding))
        assert (page.text, page.charset, page.reason) == (
            "\n\n".join(["第一章", *paragraphs]),
            encoding,
            None,
        )


@pytest.mark.parametrize(("levels", "reason"), [(1000, None), (1001, "nested_too_deep")])
def test_elements_may_be_nested_a_thousand_deep(levels: int, reason: str | None) -> None:
    paragraph = "Errors should never pass silently, unless they are explicitly silenced. " * 9
    page = f"<html><body>{'<div>' * levels}<p>{paragraph}</p>{'</div>' * levels}</body></html>"
    assert page_of(page.encode()).reason == reason


@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
@pytest.mark.parametrize(
    ("name", "first", "has", "lacks"),
    [
        ("gne/tests_163_1.html", "多地项目连环爆雷", "对一家上市公司来说，没有故事就是好故事", "跟贴"),
        (
            "gne/tests_guancha_2.html",
            "我国集成电路进口突破3000亿美元！",
            "三业（设计业、制造业和封测业）分离",
            "登录/注册",
        ),
        ("gne/tests_people_1.html", "女儿出嫁，郑板桥画了几笔兰花当嫁妆", "古人学问无遗力", "人民网>>文化"),
        ("gne/tests_xinhuanet_1.html", "新华社巴黎12月9日电", "全国高铁只能保证五分之一运力", "责任编辑"),
        ("trafilatura/tests_eval_archive.org.he.xinhuanet.com.25340717.html", "话剧", "张家口", "登录"),
        (
            "trafilatura/tests_eval_telegraph.co.uk.plumber.html",
            "Plumber jailed after boiler killed",
            "Zoe Anderson, 24, was overcome",
            "Cookie",
        ),
        (
            "trafilatura/tests_cache_lemire.me.json.html",
            "JSON parsing: simdjson vs.",
            "JSON is the ubiquitous data format",
            "Leave a Reply",
        ),
        ("trafilatura/tests_eval_badische-zeitung.de-Wohnungssuche.html", "", "ü", "Impressum"),
    ],
)
def test_real_pages(name: str, first: str, has: str, lacks: str) -> None:
    page = page_of((SHARED / name).read_bytes())
    assert page.reason is None
    assert page.text.startswith(first)
    assert has in page.text
    assert lacks not in page.text


@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
@pytest.mark.parametrize(("folder", "documents"), [("gne", 53), ("trafilatura", 97)])
def test_nearly_all_real_pages_have_text(folder: str, documents: int) -> None:
    pages = [page_of(path.read_bytes()) for path in sorted((SHARED / folder).glob("*.html"))]
    assert sum(page.reason is None and len(page.text) > 120 for page in pages) >= documents
    assert sum(page.charset is None for page in pages) == 0
