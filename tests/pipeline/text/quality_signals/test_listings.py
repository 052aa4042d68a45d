"""Listings that nothing fences, and text that looks like them."""

from __future__ import annotations

import pytest

from tests.pipeline.text.quality_signals.test_set_aside import prose

C = """int main(void) {
    int x = 1; // 变量
    printf("你好 %d", x);

    return f(0);
}
"""
PYTHON = """def area(width, height):
    return width * height
if area(2, 3) > 5:
    print(area(2, 3))
"""
JSON = """{
  "name": "a",
  "sizes": [1, 2],
  "more": {
    "deep": null
  }
}
"""
SHELL = "$ make install\n$ cd /tmp\n$ rm -f a.log\n"
PROMPTS = ">>> import math\n>>> area(2, 3)\n>>> math.pi\n"


@pytest.mark.parametrize("listing", [C, PYTHON, JSON, SHELL, PROMPTS])
def test_three_lines_of_a_program_are_a_listing(listing: str) -> None:
    assert prose(f"先看程序，\n{listing}再看结果。") == "先看程序，\n再看结果。"


def test_a_listing_ends_where_the_text_goes_on() -> None:
    assert prose(f"Look at it.\n{JSON}\nThat is all of it.\n{C}Done.") == (
        "Look at it.\n\nThat is all of it.\nDone."
    )


@pytest.mark.parametrize(
    "text",
    [
        "Print it (as above).\nThen (maybe) go; or not;\nso (he) said;\nand left;\n",
        "Roses are red;\nviolets (so) are blue;\nsugar is sweet;\nand so are you;\n",
        "判令被告支付货款;\n判令被告支付利息(见附件);\n诉讼费由被告承担;\n",
        "See open(2), read(2)\nand the notes on files (below)\nor ask.\n",
        "first:\n\nsecond:\n\nthird:\n\nfourth:\n",
        "x = f(1)\ny = g(2)\nThe rest is prose.\n",
    ],
)
def test_brackets_semicolons_and_colons_alone_are_text(text: str) -> None:
    assert prose(text) == text


def test_what_is_indented_behind_chinese_is_a_listing_where_it_has_no_chinese() -> None:
    text = "看输出：\n\n    # dmidecode\n    Maximum Capacity: 16 GB\n\n    Set: None\n\n就是这样。\n\n    缩进的段落。\n"
    assert prose(text) == "看输出：\n\n\n就是这样。\n\n    缩进的段落。\n"
    for plain in ("As the manual says,\n\n    it reads the file.\n", "看输出：\n    one line\n"):
        assert prose(plain) == plain


def test_preformatted_text_has_an_end_or_is_text() -> None:
    assert prose("执行：\n<pre><code># zypper\n  Usage:\n</code></pre>\n完。\n") == "执行：\n完。\n"
    assert prose("<pre>\n未完\n<pre>\n也未完\n") == "\n未完\n\n也未完\n"
    assert prose("<present>\n") == "\n"


@pytest.mark.parametrize(
    "opener",
    ["<pre>\n", "x)\n", "f(x)\n\n", "> `\n", "字\n\n    a\n", "    a\n", "{%\n", "- $$\n", "{\na.\n"],
)
def test_a_megabyte_of_openers_is_no_trouble(opener: str) -> None:
    assert len(prose(opener * (400_000 // len(opener)))) <= 1_600_000
