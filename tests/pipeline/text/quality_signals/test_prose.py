"""The prose of marked-up text, and samples of it, against plain Python."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.quality_signals.prose import prose, samples

MARKS = [
    "`",
    "```",
    "~~~",
    "<b>",
    "<",
    ">",
    "](",
    "]",
    ")",
    "$",
    "\\frac",
    "://",
    ":py:class:",
    ":a",
    "https://a.b/c",
    "\n",
    "\n\n",
    " ",
    "\t",
    "~",
    "a",
    "B9",
    "\nmsgid ",
    "\nmsgstr ",
    '"',
    '"字"',
    "\n#: ",
]
PIECES = st.one_of(
    st.sampled_from(MARKS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    st.sampled_from(["学习", "é", "😀"]),
)
TEXTS = st.lists(st.lists(PIECES, max_size=25).map("".join), max_size=4)
SPACES = "".join(map(chr, range(33)))
INLINE = re.compile(
    r":[A-Za-z][A-Za-z:+._-]{0,46}:(?=`)|`[^`\n]*`|\$[^$\n]*\$|\\[A-Za-z]+|<[A-Za-z/!][^<>\n]*>|\]\([^\])\n]*\)"
    r"""|://[^\x00-\x20\x7f-\U0010ffff"')<>\]`]*"""
)


CATALOG = re.compile(r'#[:,|]|msgid(?=.)|msgstr(?=.)|"')


def kind_of(line: str, before: str) -> str:
    """A message (without content so far: empty), a translation, that of an empty message (header), a comment
    for programs, or nothing."""
    found = CATALOG.match(line)
    mark = found[0] if found else ""
    if mark[:1] == "#":
        return "place"
    if mark == "msgstr":
        return "header" if before == "empty" else "translation"
    if mark == "msgid" or (mark == '"' and before in ("empty", "message")):
        return (
            "empty"
            if not content_of(line) and before in ("empty", "" if mark == '"' else before)
            else "message"
        )
    return before if mark == '"' and before in ("translation", "header") else ""


def content_of(line: str) -> str:
    content = line.partition('"')[2]
    return content if len(content.encode()) > 1 else ""


def reference(text: str, markup: bool = False) -> str:
    lines, fence, before, message = list[str](), "", "", -1
    for line in [text] if markup else text.split("\n"):
        opening = re.match(r"[ \t]*(?:(```+)(?!.*`)|(~~~))", line, re.DOTALL)
        mark = "" if opening is None or markup else ("`" if opening[1] else "~")
        kind = "" if fence or mark or markup else kind_of(line, before)
        if kind in ("", "place", "header"):
            message, line = -1, "" if kind else line
        else:
            message = len(lines) if kind != "translation" and before not in ("empty", "message") else message
            line = content_of(line)
            if kind == "translation" and line and message >= 0:
                del lines[message:]
                message = -1
        if not fence and not mark:
            lines.append(line if markup else INLINE.sub(" ", line))
        fence = ("" if fence == mark else fence or mark) if mark or fence else ""
        before = kind
    found = re.sub(f"[{re.escape(SPACES)}]+", " ", " ".join(lines)).lstrip(" ")
    return found.rstrip(" ") + " " * bool(found.rstrip(" "))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Run `ls -l` now.", "Run now. "),
        ("Before\n```python\nx = 1\n```\nAfter\n", "Before After "),
        ("Before\n~~~\n```\n~~~\nAfter", "Before After "),
        ("```never closed\nx = 1\n", ""),
        ("```a``` b", "b "),
        ("a <b>bold</b> claim: 1 < 2 and 2 > 1", "a bold claim: 1 < 2 and 2 > 1 "),
        ("见 [文档](https://docs.pingcap.com/zh/tidb) 。", "见 [文档 。 "),
        ("看https://example.com/路径", "看https 路径 "),
        (r"设 $x_i \in A$，则 \alpha 大", "设 ，则 大 "),
        ("See :py:class:`dict` and: `x`", "See and: "),
        ("costs $5, a tick ` and a tag <b", "costs $5, a tick ` and a tag <b "),
        ("a\r\n\tb\x0bc", "a b c "),
        ('#: a.c:1\nmsgid "some"\nmsgstr "一些"\n', '一些" '),
        ('msgid ""\nmsgstr ""\n"Language: zh\\n"\n\ntext', "text "),
        ('msgid ""\n"so "\n"much"\nmsgstr ""\n"这么"\n"多"\n', '这么" 多" '),
        ('msgid "nobody"\nmsgstr ""\n\nmsgid "a"\nmsgstr "一"', 'nobody" 一" '),
    ],
)
def test_what_is_left_out(text: str, expected: str) -> None:
    assert prose(pa.array([text]))[0].as_py() == expected == reference(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.booleans())
def test_prose_against_expressions(texts: list[str], markup: bool) -> None:
    found = prose(pa.array(["x", *texts, None]).slice(1), markup)
    found.validate(full=True)
    assert found.to_pylist() == [reference(text, markup) for text in [*texts, ""]]


def sample(text: str, size: int) -> str:
    data = text.encode()
    places = 1 if len(data) <= size else 4
    width = min(size, len(data)) // places
    found = []
    for place in range(places):
        first = (len(data) - width) * place // max(places - 1, 1)
        last = first + width
        while last < len(data) and data[last] & 0xC0 == 0x80:
            last -= 1
        if place:
            space = data.find(b" ", first, min(first + 32, last))
            tail = len(re.match(b"[\x80-\xbf]*", data[first:last])[0])  # type: ignore[index]
            first = space + 1 if space >= 0 else first + tail
        found.append(data[first:last])
    return b" ".join(found).decode()


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(4, 60))
def test_samples_against_slices(texts: list[str], size: int) -> None:
    found = samples(pa.array(["x", *texts], pa.large_string()).slice(1), size)
    found.validate(full=True)
    assert found.to_pylist() == [sample(text, size) for text in texts]
    assert all(len(text.encode()) <= size + 3 for text in found.to_pylist())


def test_samples_come_from_the_whole_text() -> None:
    text = " ".join(f"w{number}" for number in range(1000))
    (found,) = samples(pa.array([text]), 40).to_pylist()
    assert found == "w0 w1 w2 w w348 w w673 w6 w998 w999"


def test_a_megabyte_of_openers_is_no_trouble() -> None:
    for opener in ("`", "<a", "](", "$", "://", "\\a", "```\n", "`` "):
        text = opener * (1_000_000 // len(opener))
        assert len(prose(pa.array([text]))[0].as_py()) <= len(text) + 1
