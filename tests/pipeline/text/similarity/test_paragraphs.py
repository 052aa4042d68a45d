"""Paragraphs, runs of one character, and cuts."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.cuts import cut, pieces, unmark
from pipeline.text.similarity.paragraphs import MAX_SENTENCES, paragraphs
from pipeline.text.similarity.repeated_characters import RULERS, mark_runs
from tests.pipeline.text.similarity import plain_paragraphs

CHARACTERS = st.one_of(
    st.sampled_from("aab.!。？\n \u3000”)哈哈=😀"), st.characters(exclude_categories=["Cs"])
)
TEXTS = st.lists(st.text(CHARACTERS, max_size=50), max_size=4)
SPACES = re.compile("[\t\n\x0b\x0c\r \xa0\u3000]")


def split(text: str, minimum: int = 1) -> list[str]:
    _, data = text_buffers(pa.array([text]))
    _, spans, _ = paragraphs(pa.array([text]), np.zeros(1, bool), minimum)
    return [data[first:end].tobytes().decode() for first, end in spans.T.tolist()]


def hashes(text: str, minimum: int = 1) -> list[int]:
    return list(paragraphs(pa.array([text]), np.zeros(1, bool), minimum)[0].tolist())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ⅰ. One line\nwraps. Here\n\nSecond", ["Ⅰ. One line\nwraps. Here\n\n", "Second"]),
        ("一段。\n二段！\n三段", ["一段。\n", "二段！\n", "三段"]),
        ("He said “no.”\nThen\nleft", ["He said “no.”\n", "Then\nleft"]),
        ("pi is 3.\n14 no", ["pi is 3.\n", "14 no"]),
        ("Version 3.14\nof Python", ["Version 3.14\nof Python"]),
        ("\n\n  \n", []),
        ("", []),
    ],
)
def test_borders(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_short_paragraphs_are_not_hashed_and_white_space_does_not_count() -> None:
    assert split("a b c d e\n\nabcdef\n\n学而时习之不", minimum=6) == ["abcdef\n\n", "学而时习之不"]


def test_the_hash_is_the_same_at_another_line_width() -> None:
    assert hashes("to be or not\nto be\n\nx") == hashes("to be or\nnot to be\n\nx")
    assert hashes("to be or not\n\nx")[0] != hashes("to be or nor\n\nx")[0]


def test_no_more_than_99_sentences() -> None:
    text = "\n" + " ".join(f"Number {index} is here." for index in range(250))
    assert [piece.count(".") for piece in split(text)] == [
        MAX_SENTENCES,
        MAX_SENTENCES,
        250 - 2 * MAX_SENTENCES,
    ]


def test_without_newlines_a_shared_passage_has_shared_windows() -> None:
    shared = "".join(f"第{index}句话在这里。" for index in range(60))
    one, other = hashes("开头不同。" + shared), hashes("另一种开头，很长。还有一句！" + shared)
    common = set(one) & set(other)
    assert len(common) >= 5
    assert len(common) >= min(len(one), len(other)) - 2


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 6))
def test_paragraphs_are_ordered_disjoint_and_whole(texts: list[str], minimum: int) -> None:
    array = pa.array(["x", *texts])
    offsets, data = text_buffers(array)
    found, spans, starts = paragraphs(array, np.zeros(len(array), bool), minimum)
    assert len(found) == spans.shape[1] == starts[-1]
    for row in range(len(array)):
        own = spans[:, starts[row] : starts[row + 1]].T.tolist()
        borders = [offsets[row], *(edge for span in own for edge in span), offsets[row + 1]]
        assert borders == sorted(borders)
        pieces = [data[first:end].tobytes().decode() for first, end in own]
        assert all(len(SPACES.sub("", piece)) >= minimum for piece in pieces)
        if minimum == 1:
            assert "".join(pieces) == (array[row].as_py() if SPACES.sub("", array[row].as_py()) else "")


@settings(max_examples=400)
@given(
    st.text(st.one_of(CHARACTERS, st.sampled_from("１９ＡＺａｚ１，．A9\"')]’」.!? ")), max_size=80),
    st.integers(1, 6),
)
@example("".join(f"第{index}句。" for index in range(400)), 1)
@example("\n" + "Ａ１. " * 250, 1)
def test_paragraphs_and_hashes_are_those_of_the_plain_reference(text: str, minimum: int) -> None:
    assert list(zip(hashes(text, minimum), split(text, minimum), strict=True)) == plain_paragraphs.paragraphs(
        text, minimum
    )


@given(st.text(st.one_of(st.sampled_from("０９ＡＺａｚ。 \n！，"), CHARACTERS), max_size=80))
def test_full_width_digits_and_letters_make_no_other_paragraph(text: str) -> None:
    narrow = plain_paragraphs.narrow(text)
    assert hashes(text) == hashes(narrow)
    assert [plain_paragraphs.narrow(piece) for piece in split(text)] == split(narrow)


@pytest.mark.parametrize(("wide", "plain"), ["０0", "９9", "ＡA", "ＺZ", "ａa", "ｚz"])
def test_the_first_and_the_last_full_width_digits_and_letters_count_as_the_plain_ones(
    wide: str, plain: str
) -> None:
    assert hashes(f"{wide}道。") == hashes(f"{plain}道。")
    assert hashes(f"道{wide}。") == hashes(f"道{plain}。")


@pytest.mark.parametrize(("wide", "plain"), ["／/", "：:", "＠@", "［[", "｀`", "｛{"])
def test_full_width_marks_beside_the_digits_and_letters_stay_what_they_are(wide: str, plain: str) -> None:
    assert ord(wide) - ord(plain) == 0xFEE0
    assert hashes(f"道{wide}道。") != hashes(f"道{plain}道。")
    assert hashes(f"道{wide}道。") == [plain_paragraphs.finalized(f"道{wide}道。")]


@pytest.mark.parametrize("sentences", [MAX_SENTENCES - 1, MAX_SENTENCES, MAX_SENTENCES + 1])
def test_a_paragraph_ends_after_the_99th_sentence_and_not_before(sentences: int) -> None:
    text = "\n" + " ".join(["It is."] * sentences)
    assert [piece.count(".") for piece in split(text)] == [
        min(sentences, MAX_SENTENCES),
        *[1] * (sentences - MAX_SENTENCES),
    ]


@pytest.mark.parametrize(("minimum", "expected"), [(4, ["道可道。"]), (5, []), (3, ["道可道。"])])
def test_a_paragraph_of_just_the_least_length_is_hashed(minimum: int, expected: list[str]) -> None:
    assert split("道可道。", minimum) == expected


def test_skipped_texts_have_none() -> None:
    _, _, starts = paragraphs(pa.array(["a\n\nb", "a\n\nb"]), np.array([True, False]), 1)
    assert starts.tolist() == [0, 0, 2]


RULER = re.compile(rf"([{re.escape(RULERS)}])\1*[ \t\r]*(?=\n|\Z)")


def shorten(text: str, longest: int) -> str:
    """The text with its runs cut; what takes a whole line stays if rulers are made of it."""

    def cut_run(match: re.Match[str]) -> str:
        line = text[: match.start()].rpartition("\n")[2]
        whole_line = not SPACES.sub("", line) and RULER.match(text[match.start() :])
        return match[0] if whole_line else match[1] * longest

    return re.sub(rf"([^\t\n\x0b\x0c\r \xa0\u3000])\1{{{longest},}}", cut_run, text, flags=re.DOTALL)


RUNS = st.sampled_from(
    ["===", "~~~~", "──────", "\n", "  \n", "!!!!", "====", "abababab", "!" * 19, "哈" * 7]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(CHARACTERS | RUNS, max_size=20).map("".join), max_size=4), st.integers(2, 17))
def test_runs_are_cut_as_by_an_expression(texts: list[str], longest: int) -> None:
    array = pa.array(["哈哈哈哈哈哈", *texts, "    indented\n\n\n\n\n"])
    offsets, data = text_buffers(array)
    keep = np.ones(len(data), bool)
    removed = mark_runs(data, offsets, np.zeros(len(array), bool), longest, keep)
    expected = [shorten(text, longest) for text in array.to_pylist()]
    assert cut(array, keep).to_pylist() == expected
    assert removed.tolist() == [
        len(before) - len(after) for before, after in zip(array.to_pylist(), expected, strict=True)
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(CHARACTERS | RUNS, max_size=12).map("".join), st.integers(2, 9), st.data())
def test_what_is_cut_already_ends_a_run(text: str, longest: int, data: st.DataObject) -> None:
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    offsets, buffer = text_buffers(pa.array([text]))
    keep = np.ones(len(buffer), bool)
    keep[len(text[:first].encode()) : len(text[:last].encode())] = False
    kept = [not first <= place < last for place in range(len(text))]
    mark_runs(buffer, offsets, np.zeros(1, bool), longest, keep)
    expected = "".join(text[place] for place in character_by_character(text, kept, longest))
    assert cut(pa.array([text]), keep).to_pylist() == [expected]


def character_by_character(text: str, kept: list[bool], longest: int) -> list[int]:
    """The places that stay, told by a look at every character."""
    stay, length, blank, before = [], 0, True, ""
    line = ruler = False
    for place, character in enumerate(text):
        here = character if kept[place] else ""
        length, line = (length + 1, line) if here == before else (1, blank)
        blank = here == "\n" or (blank and SPACES.match(character) is not None)
        before = here
        if length == longest + 1:
            ruler = line and RULER.match(text[place:]) is not None
        if here and (length <= longest or ruler or SPACES.match(here)):
            stay.append(place)
    return stay


LINES = ["=" * 40, "~" * 40 + "  ", "─" * 40, "—" * 40, "＝" * 40, "*" * 40, "." * 40, "^" * 40 + "\r"]


@pytest.mark.parametrize("line", LINES)
def test_underlines_and_rulers_are_no_runs(line: str) -> None:
    whole = [f"Title\n{line}\n\ntext", line, f"\n  {line}"]
    texts = pa.array([*whole, f"text {line}\n", f"{line}text\n", "哈" * 40])
    offsets, data = text_buffers(texts)
    removed = mark_runs(data, offsets, np.zeros(6, bool), 16, np.ones(len(data), bool))
    assert removed.tolist() == [0, 0, 0, 24, 24, 24]


@given(TEXTS, st.data())
def test_pieces_are_slices(texts: list[str], data: st.DataObject) -> None:
    array = pa.array(["学", *texts], pa.string()).slice(1)
    offsets, _ = text_buffers(array)
    spans, expected = [], []
    for row, text in enumerate(texts):
        first, last = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        spans.append([offsets[row] + len(text[:end].encode()) for end in (first, last)])
        expected.append(text[first:last])
    found = pieces(array, np.array(spans, np.int64).reshape(-1, 2).T)
    found.validate(full=True)
    assert found.to_pylist() == expected


@given(TEXTS, st.data())
def test_cutting_against_slices(texts: list[str], data: st.DataObject) -> None:
    array = pa.array(["学", *texts], pa.string()).slice(1)
    offsets, buffer = text_buffers(array)
    keep, spans, expected = np.ones(len(buffer), bool), [], []
    for row, text in enumerate(texts):
        first, last = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        spans.append([offsets[row] + len(text[:end].encode()) for end in (first, last)])
        expected.append(text[:first] + text[last:])
    unmark(np.array(spans, np.int64).reshape(-1, 2).T.copy(), keep)
    found = cut(array, keep)
    found.validate(full=True)
    assert found.to_pylist() == expected


def test_cutting_a_slice() -> None:
    array = pa.array(["never", "零一二三", "", "0123"]).slice(1)
    offsets, data = text_buffers(array)
    keep = np.ones(len(data), bool)
    unmark(np.array([[offsets[0] + 3, offsets[2]], [offsets[0] + 9, offsets[2] + 2]], np.int64), keep)
    assert cut(array, keep).to_pylist() == ["零三", "", "23"]
