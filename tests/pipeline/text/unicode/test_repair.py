"""Repair: only what is broken is touched, and NFC is what Python's Unicode database says it is."""

from __future__ import annotations

import sys
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.unicode import repair as module
from pipeline.text.unicode.repair import repair
from pipeline.text.unicode.repair_candidates import (
    C1,
    CONTROL,
    LEAST_MOJIBAKE,
    LINE_END,
    MAYBE_MOJIBAKE,
    MAYBE_NOT_NFC,
    NOT_ASCII,
    repair_candidates,
)


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\u2581")),
        max_size=5,
    )
)
def test_nfc_is_pythons(texts: list[str]) -> None:
    repaired, counts, _ = repair(pa.array(texts, pa.string()), mojibake=False)
    expected = [unicodedata.normalize("NFC", text) for text in texts]
    assert repaired.to_pylist() == expected
    assert counts.get("repaired/nfc", 0) == sum(
        text != wanted for text, wanted in zip(texts, expected, strict=True)
    )


def test_no_character_that_nfc_may_change_is_overlooked() -> None:
    characters = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    looked_at = (repair_candidates(pa.array(characters)) & MAYBE_NOT_NFC).tolist()
    may_change = [
        not unicodedata.is_normalized("NFC", one) or unicodedata.combining(one) != 0 for one in characters
    ]
    assert [
        one for one, looked, may in zip(characters, looked_at, may_change, strict=True) if may and not looked
    ] == []


PARTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "\r",
            "\r\n",
            "\x00",
            "\x7f",
            "\ufeff",
            "plain ASCII text ",
            "\x80",
            "Ã¤",
            "â€™",
            "Â ",
            "ä½\xa0å¥½",
            "e\u0301",
            "你好。",
            "é" * 5,
        ]
    ),
)


@given(texts=st.lists(st.lists(PARTS, max_size=9).map("".join), max_size=6))
def test_suspicion_is_what_a_look_at_every_character_tells(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    expected = []
    for text in texts:
        flags = LINE_END * ("\r" in text) | NOT_ASCII * (not text.isascii())
        flags |= MAYBE_MOJIBAKE * (sum(character in "ÂÃâäåæçèé" for character in text) >= LEAST_MOJIBAKE)
        may_change = (
            unicodedata.category(one)[0] == "M" or unicodedata.normalize("NFC", one) != one for one in text
        )
        flags |= CONTROL * any(
            (unicodedata.category(one) == "Cc" and one < "\x80" and one not in "\t\n\r")
            or one in "\ufeff\ufffe"
            for one in text
        )
        flags |= C1 * any("\x80" <= one <= "\x9f" for one in text)
        expected.append((flags, any(may_change)))
    found = repair_candidates(pa.array(texts, pa.string()))
    assert (found & (LINE_END | CONTROL | NOT_ASCII | MAYBE_MOJIBAKE | C1)).tolist() == [
        flags for flags, _ in expected
    ]
    assert all(
        flag & MAYBE_NOT_NFC for flag, (_, changes) in zip(found.tolist(), expected, strict=True) if changes
    )


@given(texts=st.lists(st.lists(PARTS, max_size=9).map("".join), max_size=6))
def test_no_mojibake_is_overlooked(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    matches = pc.match_substring_regex(pa.array(texts, pa.string()), module._MOJIBAKE).to_pylist()
    suspected = (repair_candidates(pa.array(texts, pa.string())) & MAYBE_MOJIBAKE).tolist()
    assert all(flag for flag, match in zip(suspected, matches, strict=True) if match)


def test_what_mojibake_leaves_is_normalised_too() -> None:
    text = "cafe\u0301 dé jà cafe\u0301".encode().decode("latin-1") + " â€™ â€œ â€™"
    repaired, counts, _ = repair(pa.array([text]))
    assert repaired[0].as_py() == unicodedata.normalize("NFC", repaired[0].as_py())
    assert counts == {"repaired/mojibake": 1, "repaired/nfc": 1}


def test_each_document_of_a_batch_is_repaired_of_what_is_broken_in_it() -> None:
    broken = {
        "one\r\ntwo": "one\ntwo",
        "a\x00b": "ab",
        "cafe\u0301": "café",
        "itâ€™s here, itâ€™s there, and â€œthisâ€\x9d": "it’s here, it’s there, and “this”",
        "学而时习之": "学而时习之",
    }
    repaired, counts, _ = repair(pa.array([*broken, None, *broken]))
    assert repaired.to_pylist() == [*broken.values(), None, *broken.values()]
    kinds = ("line_ends", "control_characters", "mojibake", "nfc")
    assert counts == {f"repaired/{kind}": 2 for kind in kinds}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("doesn\x92t", "doesn’t"),
        ("\x93Hello\x94 \x96 he said\x85", "“Hello” – he said…"),
        ("\x80 5, Nestl\xe9\x99", "€ 5, Nestlé™"),
        ("\x91\x92\x95\x97\x8a\x9a\x8c\x9c\x8e\x9e\x9f", "‘’•—ŠšŒœŽžŸ"),
        ("no\x81 such\x8d sign\x8f in\x90 it\x9d", "no such sign in it"),
        ("汉字\x97\x97汉字", "汉字——汉字"),
        ("a\x92 \r\n b\x00", "a’ \n b"),
        ("cafe\u0301\x92s", "café’s"),
        # One alone is too little to be called mojibake; the other two bytes of it are read all the same.
        ("it\xe2\x80\x99s", "itâ€™s"),
    ],
)
def test_control_characters_are_what_windows_has_in_their_place(found: str, wanted: str) -> None:
    repaired, counts, _ = repair(pa.array(["plain", found]))
    assert repaired.to_pylist() == ["plain", wanted]
    assert counts["repaired/windows_1252"] == 1


def test_control_characters_within_mojibake_are_bytes_of_it() -> None:
    text = "“It’s – naïve” — ‘déjà’".encode().decode("latin-1")
    assert "\x80" in text
    repaired, counts, _ = repair(pa.array([text]))
    assert (repaired.to_pylist(), counts) == (["“It’s – naïve” — ‘déjà’"], {"repaired/mojibake": 1})


def test_control_characters_of_program_text_stay() -> None:
    text = 'TABLE = "\x80\x92" # Ã¤ Ã¤ Ã¤'
    assert repair(pa.array([text]), mojibake=False)[:2] == (pa.array([text]), {})


@pytest.mark.parametrize("mojibake", [True, False])
@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("▁", "_"),
        ("▁begin, ▁ within and end▁", "_begin, _ within and end_"),
        ("▁▂▃▄▅▆▇█", "_▂▃▄▅▆▇█"),
        ("SPIECE_UNDERLINE = '▁'  # U+2581", "SPIECE_UNDERLINE = '_'  # U+2581"),
        ("下划线▁在中间\r\n", "下划线_在中间\n"),
        ("e\u0301▁\x00", "é_"),
    ],
)
def test_what_a_tokenizer_would_make_a_space_is_a_low_line(found: str, wanted: str, mojibake: bool) -> None:
    repaired, counts, _ = repair(pa.array(["plain ▂", found]), mojibake)
    assert repaired.to_pylist() == ["plain ▂", wanted]
    assert counts["repaired/space_marks"] == 1


def test_a_mark_that_mojibake_hid_is_a_low_line_too() -> None:
    text = "▁it’s – “naïve” — déjà".encode().decode("latin-1")
    repaired, counts, _ = repair(pa.array([text]))
    assert (repaired.to_pylist(), counts["repaired/space_marks"]) == (["_it’s – “naïve” — déjà"], 1)


def test_honest_text_is_the_same_array() -> None:
    texts = pa.array(
        [
            "Être ou ne pas être, voilà la question: Ça va? £5 ©2020",
            "学而时习之，不亦说乎？",
            "naïve 😀\tand\nlines",
        ]
    )
    repaired, counts, _ = repair(texts)
    assert repaired.equals(texts)
    assert counts == {}


def test_nothing_in_nothing_out() -> None:
    repaired, counts, _ = repair(pa.array([], pa.string()))
    assert (repaired.to_pylist(), counts) == ([], {})


@given(
    st.lists(
        st.lists(st.sampled_from(["\ufffd", "\x1a", "Ã\ufffd", "â€™", "Ã¤", "a\r", "\x80", "中", "e\u0301"])),
        max_size=4,
    ),
    st.booleans(),
)
def test_outside_of_what_may_be_broken_nothing_is(pieces: list[list[str]], mojibake: bool) -> None:
    repaired, _, maybe_broken = repair(pa.array(list(map("".join, pieces)), pa.string()), mojibake)
    broken = ["\ufffd" in text for text in repaired.to_pylist()]
    assert not any(found and not maybe for found, maybe in zip(broken, maybe_broken, strict=True))
