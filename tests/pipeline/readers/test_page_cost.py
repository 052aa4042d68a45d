"""Pages made to stall, fill or end a parser of HTML are told by a count before they are parsed; real ones are
parsed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from resiliparse.parse.html import HTMLTree

from pipeline.readers import html, page_cost
from pipeline.readers.html import page_of
from pipeline.readers.page_cost import DEEPEST, MOST_TAGS, too_costly

SHARED = Path(__file__).parents[4] / "shared" / "corpus" / "web-html"


def numbered(form: str, number: int) -> str:
    return "".join(form.format(index) for index in range(number))


COSTLY: dict[str, str] = {
    "formatting elements that are opened again in each paragraph": numbered("<b id=a{}><p>x", 10_000),
    "the same in capitals": numbered("<B ID=a{}><P>x", 10_000),
    "the same with code": numbered("<code class='a{}'><p>x", 10_000),
    "fonts of every size, then paragraphs": numbered("<font size={}>", 4_000) + "<p>a" * 20_000,
    "options": "<select>" + "<option>a" * 20_000,
    "options with attributes": "<select>" + "<option value=a>a" * 20_000,
    "groups of options": "<select>" + "<optgroup><option>a" * 10_000,
    "attributes of one tag": "<p " + numbered("a{}=1 ", 20_000) + ">x",
    "attributes without values": "<p " + numbered("a{} ", 20_000) + ">x",
    "attributes between slashes": "<p/" + numbered("a{}/", 20_000) + ">x",
    "attributes whose values hold brackets": "<p " + numbered('a{}=">" ', 20_000) + ">x",
    "attributes whose values hold tags": "<p " + numbered("a{}='<p>' ", 20_000) + ">x",
    "attributes of the root": numbered("<html a{}=b>", 20_000),
    "attributes of the body": numbered("<body a{}=b>", 20_000),
    "attributes behind a script": "<script>x<a b</script><p " + numbered("a{} ", 20_000) + ">x",
    "attributes behind an empty comment": "<!--><p " + numbered("a{} ", 20_000) + ">x",
    "attributes in a style of a drawing": "<svg><style><p " + numbered("a{} ", 20_000) + ">x",
    "ends of nothing below many elements": "<i>" * 4_900 + "</x>" * 100_000,
    "ends that close nothing, as something is between": "<div><applet></div></applet>" * 4_000
    + "</x>" * 100_000,
    "many tags": "<br>" * (MOST_TAGS + 1),
}
TOO_DEEP = {
    "templates, whose end is that of the stack": "<template>" * 80_000,
    "divisions": "<div>" * 50_000,
    "spans": "<span>" * 50_000,
    "bold": "<b>" * 50_000,
    "tables in cells": "<table><tr><td>" * 50_000,
    "lists": "<ul><li>" * 50_000,
    "drawings": "<svg>" * 50_000,
    "formulas": "<math><mi>" * 50_000,
    "elements of nobody": "<x-y>" * 50_000,
    "buttons": "<button>" * 50_000,
    "divisions with ends that close nothing": "<div><object></div></object>" * 50_000,
    "divisions in bold": "<b><div></b>" * 50_000,
}
CHEAP = {
    "paragraphs": "<p>a" * 20_000,
    "items": "<ul>" + "<li>a" * 20_000,
    "a wide table": "<table><tr>" + "<td>a" * 20_000,
    "a long table": "<table>" + "<tr><td>a<td>b" * 10_000,
    "bold words": "<p>" + "<b>a</b> " * 20_000,
    "links that are never closed": numbered("<a name=a{}>x", 10_000),
    "the same formatting, never closed": "<font color=red>x<br>" * 3_000,
    "options of a long list": "<select>" + "<option>a" * 3_000 + "</select><p>text",
    "many lists of options": ("<select>" + "<option>a" * 200 + "</select>") * 100 + "<p>text",
    "a hundred attributes": "<p " + numbered("a{}=1 ", 100) + ">x",
    "a script full of mark-up": "<script>" + "x='<b><p>';" * 30_000 + "</script><p>text",
    "a style full of brackets": "<style>" + "a>b{}" * 30_000 + "</style><p>text",
    "a comment": "<!--" + "<b id=1><p>" * 30_000 + "--><p>text",
    "a picture in an attribute": "<img src='data:" + "A/b+" * 100_000 + "'><p>text",
    "brackets": "<" * 100_000,
    "spans that only their division closes": "<div><span>x</div>" * 10_000,
    "formatting that only its division closes": "<div><b>x</b><i>y</i></div>" * 10_000,
    "ends": "</p>" * 20_000,
}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    seen: Counter[str] = Counter()
    parse = HTMLTree.parse

    class Tree:
        @staticmethod
        def parse(text: str) -> object:
            seen["pages"] += 1
            return parse(text)

    monkeypatch.setattr(html, "HTMLTree", Tree)
    return seen


@pytest.mark.parametrize("name", COSTLY)
def test_a_page_that_would_stall_the_parser_is_not_parsed(name: str, parsed: Counter[str]) -> None:
    page = page_of(COSTLY[name].encode())
    assert (page.reason, parsed["pages"], page.text) == ("too_costly", 0, COSTLY[name])
    assert "tags" in (page.detail or "")


@pytest.mark.parametrize("name", TOO_DEEP)
def test_a_page_that_would_end_the_stack_is_not_parsed(name: str, parsed: Counter[str]) -> None:
    page = page_of(TOO_DEEP[name].encode())
    assert (page.reason, parsed["pages"]) == ("nested_too_deep", 0)
    assert page.detail == f"elements are nested more than {DEEPEST} deep"


@pytest.mark.parametrize("name", CHEAP)
def test_a_long_page_of_ordinary_mark_up_is_parsed(name: str, parsed: Counter[str]) -> None:
    page_of(CHEAP[name].encode())
    assert parsed["pages"] == 1


@pytest.mark.parametrize("name", [*COSTLY, *TOO_DEEP, *CHEAP])
def test_the_count_itself_takes_a_step_for_each_tag(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    tag = page_cost._Cost.tag

    def counting(self: page_cost._Cost, *arguments: str) -> None:
        nonlocal steps
        steps += 1
        tag(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(page_cost._Cost, "tag", counting)
    text = (COSTLY | TOO_DEEP | CHEAP)[name]
    too_costly(text)
    assert steps <= text.count("<")


@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
def test_no_real_page_is_too_costly() -> None:
    pages = [path.read_text(errors="replace") for path in sorted(SHARED.rglob("*.html"))]
    assert len(pages) > 100
    assert [page[:80] for page in pages if too_costly(page)] == []
