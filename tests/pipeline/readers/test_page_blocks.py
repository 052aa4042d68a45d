"""Blocks: every text of a page is in one line, with its links, its element and its breaks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from pipeline.readers.element_roles import Role
from pipeline.readers.page_blocks import PageBlocks, blocks_of


def blocks(page: str, with_fallbacks: bool = False) -> PageBlocks:
    body = HTMLTree.parse(page).body
    assert body is not None
    return blocks_of(body.inner_html, with_fallbacks)


def texts(page: str, with_fallbacks: bool = False) -> list[str]:
    return [block.text for block in blocks(page, with_fallbacks).blocks]


def test_lines_know_their_links_elements_and_entities() -> None:
    page = blocks(
        '<h2><a href="x">a &lt; b</a></h2><pre>1 &lt; 2\n\n  3</pre>'
        '<ul><li>one <a href="y">two</a>,\n three.</li></ul>un<a name="z">linked</a>&nbsp;<b>t</b>ext'
    )
    assert [(block.text, block.linked, block.name) for block in page.blocks] == [
        ("a < b", 8, "h2"),
        ("1 < 2\n\n  3", 0, "pre"),
        ("one two, three.", 3, "li"),
        ("unlinked text", 0, "body"),
    ]


@pytest.mark.parametrize(
    ("link", "read"),
    [
        ("返回首页&gt;&gt;", "整顿仍将持续。"),
        ("Read more » ", "整顿仍将持续。"),
        ("«Le Monde»", "整顿仍将持续。«Le Monde»"),
        ("a &gt; b", "整顿仍将持续。a > b"),
    ],
)
def test_a_link_that_leads_on_is_no_part_of_the_paragraph_before_it(link: str, read: str) -> None:
    assert texts(f'<p>整顿仍将持续。<a href="/"><span>{link}</span></a></p>') == [read]
    assert texts(f'<p><a href="/">{link}</a></p>') == texts(f"<p>{link}</p>"), "alone it is a line"


def test_elements_have_parents_and_ranges() -> None:
    page = blocks("<div><p>1<p>2<section><h3>3</h3></section></div><nav>4</nav>5")
    assert page.names == ["body", "div", "p", "p", "section", "h3", "nav"]
    assert page.parents == [-1, 0, 1, 1, 1, 4, 0]
    assert list(zip(page.starts, page.ends, strict=True)) == [
        (0, 5),
        (0, 3),
        (0, 1),
        (1, 2),
        (2, 3),
        (2, 3),
        (3, 4),
    ]
    assert [role.name for role in page.roles if role] == ["ASIDE"]
    assert page.deepest == 2


@pytest.mark.parametrize(
    ("page", "follows"),
    [
        ("床前明月光，<br>疑是地上霜。<br>举头望明月，", [False, True, True]),
        ("床前明月光，<br>疑是地上霜。<br><br>举头望明月，", [False, True, False]),
        ("床前明月光，<br/>\n <p>疑是地上霜。<p>举头望明月，", [False, False, False]),
        ("床前明月光，<hr>疑是地上霜。<hr><br>举头望明月，", [False, False, False]),
        ("<pre><div>if x:</div><div>    y</div></pre>z", [False, True, False]),
    ],
)
def test_a_line_break_goes_on_with_the_paragraph_and_two_end_it(page: str, follows: list[bool]) -> None:
    assert [block.follows for block in blocks(page).blocks] == follows


def test_programs_keep_their_lines_and_indents() -> None:
    page = "<pre>\n\n    if x:<br>        return <b>1</b>\n\n    return 0\n  \n</pre>"
    assert texts(page) == ["    if x:\n        return 1\n\n    return 0"]


@pytest.mark.parametrize(
    "unread",
    [
        "<script>if (a < b) '</p>' + '<p>'</script>",
        "<style>p > a { content: '<p>' }</style>",
        "<iframe><p>x</iframe>",
        "<svg><title>x</title><g><svg></svg></g><text>y</text></svg>",
        "<!-- a > b -- <p>x</p> --->",
        "<select><option>x</select>",
        "<button>x</button>",
        "<noscript>x</noscript>",
        "<template><template><p>x</template><p>y</template>",
        "<textarea><p>x</textarea>",
        "<math><annotation>x</annotation></math>",
        "<span class='mw-editsection'>[<span><a href=/e>edit</a></span>]</span>",
        "<sup id=cite class=reference><a href='#1'>[1]</a></sup>",
        "<span aria-hidden=true>x</span>",
        "<span style='color:red;display: none'>x</span>",
        "<a class=headerlink href='#x'>¶</a>",
    ],
)
def test_what_is_no_text_is_not_read(unread: str) -> None:
    assert texts(f"<p>before{unread}after</p><p>then</p>") == ["beforeafter", "then"]


def test_fallbacks_are_read_where_they_are_asked_for() -> None:
    page = "<body><noscript><p>one</p></noscript><template><p>two</p><script>3</script></template>"
    assert texts(page) == []
    assert texts(page, with_fallbacks=True) == ["one", "two"]


def test_brackets_in_attributes_end_no_tag() -> None:
    assert texts('<p title="a > b" class=\'<p>\'>one</p><p a"b="c>d">two</p>') == ["one", "two"]


_PIECES = st.sampled_from(
    "a bc 字，文 &lt; &amp;nbsp; <p> </p> <b> </b> <br> <div> </div> <ul><li> </ul> <td> <table><tr><td> </table> "
    "<a href=/x> </a> <h1> </h1> <pre> </pre> <!-- x --> <hr> < > \" ' <x-y> <font> </p >".split(" ")
)


@given(st.lists(_PIECES, max_size=30))
def test_all_text_is_in_some_line_in_order(pieces: list[str]) -> None:
    tree = HTMLTree.parse("<body>" + " ".join(pieces))
    assert tree.body is not None
    page = blocks_of(tree.body.inner_html)
    assert "".join("".join(block.text for block in page.blocks).split()) == "".join(
        (tree.body.text or "").split()
    )
    assert all(0 <= block.linked <= len(block.text) or block.name == "pre" for block in page.blocks)


@given(st.lists(_PIECES, max_size=30))
def test_ranges_are_nested_and_in_order(pieces: list[str]) -> None:
    page = blocks(" ".join(pieces))
    assert all(first <= second for first, second in pairwise(page.starts))
    for element, parent in enumerate(page.parents[1:], 1):
        assert parent < element
        assert page.starts[parent] <= page.starts[element] <= page.ends[element] <= page.ends[parent]
    for number, block in enumerate(page.blocks):
        assert page.starts[block.element] <= number < page.ends[block.element]
        assert page.roles[block.element] == Role.NONE
