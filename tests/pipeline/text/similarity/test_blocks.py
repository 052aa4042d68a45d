"""Blocks are one paragraph: no cut goes through a fence, a list item, a heading and its paragraph, a question
and its answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.text.similarity import plain_paragraphs
from tests.pipeline.text.similarity.test_paragraphs import hashes, split

CASE = Path(__file__).parents[5] / "shared" / "cases" / "documents" / "open_code_fence.jsonl"

FENCE = "```sh\n$ git status\nOn branch master.\n\nno changes added to commit\n```\n"
BLOCKS = {
    "a fence with a blank line and a sentence's end": FENCE,
    "a fence of tildes that shows one of accents": "~~~~\n```\n\nno end.\n~~~\n\n~~~~\n",
    "a fence that is indented": "   ````md\n```\nfoo.\n\nbar\n```\n   ````\n",
    "a fence and what leads to it": f"Look at what it prints.\n\n{FENCE}",
    "a fence under a heading": f"## 合并\n\n{FENCE}",
    "a fence that is never closed": "```\none.\n\ntwo.\n\nthree.\n",
    "a list item of several sentences": "- One sentence.\n  Another one.\n",
    "a list item of several paragraphs": "1. 第一步。\n\n   说明如下。\n\n   再说一句。\n",
    "a nested list": "* Outer one.\n  * Inner one.\n    Its end.\n  * Inner two.\n",
    "a numbered item in Chinese": "（1）第一条。\n    它的说明。\n\n    它的第二段。\n",
    "a directive of reStructuredText": ".. note::\n\n   One.\n\n   Two.\n",
    "a literal block": "Type this::\n\n    python -m this.\n\n    python -m that.\n",
    "what a colon announces": "请输入以下命令：\n\n    git log.\n\n    git show.\n",
    "a heading and its paragraph": "## 安装\n\n先下载，再安装。\n",
    "two headings and a paragraph": "# One\n\n## Two.\n\nThe text.\n",
    "an underlined heading": "What is it?\n-----------\n\nA book.\n",
    "a heading underlined with tildes": "Title\n~~~~~~~~\n\nThe text.\n",
    "a heading in Chinese underlined with accents": "安装方法\n````````\n\n先下载。\n",
    "a heading with an overline": "======\nTitle.\n======\n\nThe text.\n",
    "a heading of AsciiDoc": "== Title.\n\nThe text.\n",
    "a question and its answer": "Q: Does it run?\nA: It does.\n",
    "a question in Chinese and its answer": "问：能用吗？\n\n答：能用。\n",
    "a question that is a line of its own": "为什么要这样做？\n\n因为这样更快。\n",
    "an answer in bold": "问题很简单。\n\n**答：** 能用。\n",
    "an exercise and its solution": "求 x 的值。\n【答案】三。\n",
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_one_paragraph(name: str) -> None:
    block = BLOCKS[name]
    led_to = block.lstrip()[:3] in ("```", "~~~")
    assert split(f"Before it.\n\n{block}")[-1] == (f"Before it.\n\n{block}" if led_to else block)
    if "never closed" not in name:
        assert split(f"{block}\nAfter it.") == [f"{block}\n", "After it."]


BORDERS = {
    "items of a list": ["- One is here.\n", "- Two is here.\n", "- Three is here.\n"],
    "items and what follows them": ["1. One is here.\n\n   Its end.\n\n", "The text goes on."],
    "paragraphs under a heading": ["# Title\n\nOne is here.\n\n", "Two is here.\n\n", "Three is here."],
    "a ruler between paragraphs": ["One is here.\n\n", "-----\n\n", "Two is here."],
    "a fence's end": [FENCE + "\n", "One is here.\n\n", "Two is here."],
    "a paragraph with its first line indented": ["第一段。\n", "　　第二段。\n", "　　第三段。"],
    "indented paragraphs below a title": ["The title\n\n", "    One is here.\n", "    Two is here."],
    "code spans": ["```one``` is a span.\n\n", "Two is here."],
    "a number that is no item": ["1984.5 was it.\n\n", "   Two is here."],
    "an ellipsis": ["...\n\n", "One is here.\n", "...\n\n", "Two is here."],
    "tildes below a long line": ["This line is far longer than what is below.\n", "~~~~x\n\nIt is a fence."],
    "a question in a paragraph": ["One is here.\nIs it two?\n\n"[:13], "Is it two?\n\nThree is here."],
    "a rhetorical question at the end": ["One line\nof two. Is it?\n\n", "Three is here."],
    "an initial": ["One is here.\n\n", "A. Smith came.\n\n", "B. Brown went."],
    "a comparison": ["a = b\n\n", "=> c is here.\n\n", "d is here."],
    "a hash tag": ["#tag is here.\n\n", "One is here."],
}  # fmt: skip


@pytest.mark.parametrize("name", BORDERS)
def test_there_is_a_border_between(name: str) -> None:
    pieces = BORDERS[name]
    if name == "tildes below a long line":
        pieces = ["".join(pieces)]
    assert split("".join(pieces)) == pieces


PIECES = st.sampled_from([
    "\n", "\n\n", " ", "  ", "    ", "\t", "\u3000", "\xa0", "\r\n", "a", "One. ", "Two.\n", "三。", "四？\n", "Is it?\n\n",
    "```", "```\n", "```py\n", "````\n", "~~~\n", "~~~~~\n", "`", "# ", "## T\n", "#", "= ", "==\n", "=====\n", "---\n", "-----\n",
    "....\n", "...\n", "- ", "* ", "12. ", "(3) ", "1、", "（2）", ".. ", "..", "1234. ", "—— ", "一、", "（十二） ", "+ ", "**",
    "A: ", "答：", "**A：", "【答案】", "::\n", "：\n", "学而时习之",
])  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_blocks_are_those_of_the_plain_reference(text: str) -> None:
    found = list(zip(hashes(text), split(text), strict=True))
    assert found == plain_paragraphs.paragraphs(text, 1)


def test_many_fences_take_linear_time() -> None:
    """By the work: an opening line is not looked for an end of."""
    text = "".join(f"{'`' * size} x\n" for size in range(3, 400))
    assert split(text) == [text]


@pytest.mark.skipif(not CASE.exists(), reason="the cases do not lie beside the checkout")
def test_no_paragraph_of_real_pages_ends_in_an_open_fence() -> None:
    texts = [json.loads(line)["text"] for line in CASE.read_text(encoding="utf-8").splitlines()]
    assert len(texts) > 50
    for text in texts:
        pieces = split(text)
        assert "".join(pieces) == text
        for piece in pieces[:-1]:
            assert sum(line.lstrip().startswith("```") for line in piece.splitlines()) % 2 == 0, piece
