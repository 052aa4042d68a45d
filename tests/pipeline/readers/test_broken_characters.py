"""A few broken bytes: the rest of the text is kept, whatever its charset and wherever they are; many are none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.readers.broken_characters import (
    MAX_BROKEN,
    broken_characters,
    decode_around_breaks,
    decode_halves,
    few_broken,
)
from pipeline.readers.charset import decode
from tests.pipeline.at_hand import chapters, needs_texts, traditional_paragraphs
from tests.pipeline.readers.test_charset import FRENCH, RUSSIAN, SIMPLIFIED, TRADITIONAL

HOLE = "\ufffd"
LONG = {
    "utf-8": SIMPLIFIED * 60,
    "gb18030": SIMPLIFIED * 60,
    "big5": TRADITIONAL * 60,
}


def damaged(data: bytes, how: str, at: int) -> bytes:
    return {
        "a byte more": data[:at] + b"\xff" + data[at:],
        "a byte lost": data[:at] + data[at + 1 :],
        "a byte changed": data[:at] + b"\xff" + data[at + 1 :],
        "a no-break space in Latin-1": data[:at] + b"\xa0" + data[at:],
        "cut at the end": data[:-1],
        "cut at the beginning": data[1:],
    }[how]


@pytest.mark.parametrize("at", [3000, 3001, 3002])
@pytest.mark.parametrize(
    "how",
    [
        "a byte more",
        "a byte lost",
        "a byte changed",
        "a no-break space in Latin-1",
        "cut at the end",
        "cut at the beginning",
    ],
)
def test_utf8_keeps_all_but_the_broken_character(how: str, at: int) -> None:
    text, charset = decode(damaged(LONG["utf-8"].encode(), how, at))
    assert charset == "utf-8"
    assert 1 <= text.count(HOLE) <= 4
    assert len(text.replace(HOLE, "")) >= len(LONG["utf-8"]) - 1
    # A stray byte may make another letter of what is left of its own.
    assert len(set(text) - set(LONG["utf-8"]) - {HOLE}) <= 1


@pytest.mark.parametrize("at", [3000, 3001])
@pytest.mark.parametrize("how", ["a byte more", "a byte changed", "cut at the end"])
@pytest.mark.parametrize("charset", ["gb18030", "big5"])
def test_two_byte_charsets_go_on_with_the_right_half(charset: str, how: str, at: int) -> None:
    text, found = decode(damaged(LONG[charset].encode(charset), how, at))
    assert found == charset
    assert text.count(HOLE) == 1
    assert len(text) >= len(LONG[charset]) - 2
    # The second half of a letter of Big5 may be one of ASCII, and stay.
    assert {one for one in text if not one.isascii()} <= set(LONG[charset]) | {HOLE}


@pytest.mark.parametrize("text", [SIMPLIFIED, FRENCH, RUSSIAN, "plain ASCII"])
def test_a_short_text_with_a_broken_byte_is_not_kept(text: str) -> None:
    assert decode(text.encode() + b"\xff")[1] is None


@pytest.mark.parametrize(("size", "charset"), [(999, "utf-8"), (998, None)])
@pytest.mark.parametrize("letter", ["x", "道"])
def test_one_character_in_a_thousand_may_be_broken(letter: str, size: int, charset: str | None) -> None:
    text, found = decode((letter * size).encode() + b"\x81")
    assert found == charset
    assert text == letter * size + HOLE


@pytest.mark.parametrize(
    "encoding", ["koi8-r", "cp1251", "iso8859-5", "shift_jis", "euc_kr", "euc_jp", "cp437"]
)
def test_long_texts_in_other_charsets_are_not_read_with_holes(encoding: str) -> None:
    lines = {
        "shift_jis": "昨日は雨が降っていたので、家で本を読みました。とても面白い本でした。",
        "euc_jp": "昨日は雨が降っていたので、家で本を読みました。とても面白い本でした。",
        "euc_kr": "어제는 비가 와서 집에서 책을 읽었습니다. 아주 재미있는 책이었습니다.",
        "cp437": "Die Straße ist für Fußgänger gesperrt, während die Brücke gebaut wird. ",
    }
    data = (lines.get(encoding, RUSSIAN) * 100).encode(encoding)
    for broken in (data, data[:-1], data[:2001] + b"\xff" + data[2001:]):
        assert decode(broken)[1] is None


@needs_texts
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_chapter_with_a_byte_too_many_keeps_the_rest(encoding: str) -> None:
    for number, chapter in enumerate(chapters()[:30]):
        data = chapter.encode(encoding)
        at = len(data) * (number + 1) // 32
        text, charset = decode(data[:at] + b"\xff" + data[at:])
        assert charset == encoding
        assert 1 <= text.count(HOLE) <= 4
        before, after = text.split(HOLE)[0], text.split(HOLE)[-1]
        assert chapter.startswith(before)
        assert chapter.endswith(after)
        assert len(before) + len(after) >= len(chapter) - 2


@needs_texts
def test_paragraphs_of_a_traditional_novel_joined_and_broken_keep_the_rest() -> None:
    text = "\n".join(traditional_paragraphs()[:200])
    data = text.encode("cp950", errors="ignore")
    whole = data.decode("cp950")
    found, charset = decode(data[:5001] + b"\xff" + data[5001:])
    assert charset == "big5"
    assert found.count(HOLE) == 1
    assert whole.endswith(found.split(HOLE)[1])


@settings(max_examples=60, deadline=None)
@given(breaks=st.lists(st.integers(0, 20_000), max_size=8, unique=True))
def test_every_break_costs_its_own_characters_only(breaks: list[int]) -> None:
    text = (SIMPLIFIED * 250)[:10_000]
    data = bytearray(text.encode("gb18030"))
    for at in sorted(breaks, reverse=True):
        data[at:at] = b"\xff"
    found = decode_around_breaks(bytes(data), "gb18030")
    assert found is not None
    assert len(found.replace(HOLE, "")) >= len(text) - 2 * len(breaks)
    assert found.count(HOLE) <= len(breaks)


@given(st.integers(0, 5000), st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 9)), max_size=12))
def test_breaks_are_few_by_their_number_and_not_by_their_marks(
    length: int, breaks: list[tuple[int, int]]
) -> None:
    text = "字" * length
    for at, marks in breaks:
        text = text[:at] + HOLE * marks + text[at:]
    assert few_broken(text) == (broken_characters(text) <= MAX_BROKEN * len(text))


def test_many_breaks_are_given_up_early() -> None:
    assert decode_around_breaks(b"\xff" * 10_000_000, "gb18030") is None
    assert decode_around_breaks(b"", "gb18030") == ""
    assert few_broken("")
    assert not few_broken(HOLE)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a smile \xed\xa0\xbd\xed\xb8\x80.", "a smile \U0001f600."),
        (b"half a smile \xed\xa0\xbd", f"half a smile {HOLE}"),
        (b"half a smile \xed\xb8\x80", f"half a smile {HOLE}"),
        (b"the wrong way round \xed\xb8\x80\xed\xa0\xbd", f"the wrong way round {HOLE}{HOLE}"),
        ("道可道".encode() * 9 + b"\xed\xa0\xbd", "道可道" * 9 + HOLE),
        (b"\xed\xa0\xbd", None),
        (b"many \xed\xa0\xbd", None),
        (b"\xff", None),
        (b"", ""),
    ],
)
def test_characters_written_as_two_halves(data: bytes, text: str | None) -> None:
    assert decode_halves(data) == text
    if text:
        assert decode(data) == (text, "cesu-8")
