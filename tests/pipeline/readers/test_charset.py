"""Charsets: real text in each of them comes back as it was, and what is in none of them is not made into
text."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from pipeline.readers.charset import decode, decode_page
from tests.pipeline.at_hand import chapters, manuals, needs_texts, traditional_paragraphs

SHARED = Path(__file__).parents[4] / "shared" / "corpus"
SIMPLIFIED = (
    "道可道，非常道。名可名，非常名。无名天地之始，有名万物之母。故常无欲，以观其妙；常有欲，以观其徼。"
)
TRADITIONAL = (
    "道可道，非常道。名可名，非常名。無名天地之始，有名萬物之母。故常無欲，以觀其妙；常有欲，以觀其徼。"
)
MIXED = "Python 3.11 於 2022 年 10 月發布，其速度比 3.10 平均快 25%，詳見官方文件「What's New」。"
FRENCH = "La République est une et indivisible ; l’été dernier, près de Besançon, les élèves ont appris où naît la Loue."
GERMAN = "Die Straße ist für Fußgänger gesperrt, während die Brücke über die Oder gebaut wird."
SPANISH = "¿Qué es el tiempo? Si nadie me lo pregunta, lo sé; si quiero explicárselo al que me lo pregunta, ya no lo sé."
ENGLISH = "It’s “better than ever” – or so they said…"
# All letters are in the rows of GB 2312 whose bytes are common letters in Big5 too.
IN_BOTH = "道可道非常道名可名非常名"
CANTONESE = "他說：「今天天氣很好，我哋一齊去公園走走，看看那些花開了沒有。」"
RUSSIAN = "Вчера правительство приняло новый закон о налогах."


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED, "gb2312", "gb18030"),
        (TRADITIONAL, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "big5hkscs", "big5"),
        (MIXED, "big5", "big5"),
        (MIXED, "gbk", "gb18030"),
        (FRENCH, "cp1252", "cp1252"),
        (GERMAN, "latin-1", "cp1252"),
        (SPANISH, "latin-1", "cp1252"),
        (ENGLISH, "cp1252", "cp1252"),
    ],
)
def test_real_text_comes_back_from_its_charset(text: str, encoding: str, name: str) -> None:
    assert decode(text.encode(encoding)) == (text, name)
    assert decode((text + "\n").encode(encoding) * 40) == ((text + "\n") * 40, name)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy.", "cp1250"),
        ("Zażółć gęślą jaźń, ministrze.", "iso8859-2"),
        ("Η κυβέρνηση ενέκρινε χθες τον νέο νόμο.", "cp1253"),
        ("昨日、政府は新しい法律を可決した。", "shift_jis"),
        ("어제 정부는 새로운 법안을 통과시켰다.", "euc_kr"),
        ("L’élève où naît la Loue", "mac_roman"),
        ("Die Straße ist für Fußgänger gesperrt", "cp437"),
        (SIMPLIFIED, "utf-16-le"),
        ("└─ target ├─ slice", "gb18030"),
        ("à é ï ö ü ñ ß ø", "latin-1"),
    ],
)
def test_other_charsets_are_not_guessed_at(text: str, encoding: str) -> None:
    found, charset = decode(text.encode(encoding))
    assert charset is None
    assert "\ufffd" in found or "\x00" in found


def test_random_bytes_are_no_text() -> None:
    noise = random.Random(0)
    found = Counter(decode(noise.randbytes(size))[1] for size in (32, 64, 500) for _ in range(1000))
    assert found == {None: 3000}


def outcomes(texts: Iterable[str], encoding: str) -> Counter[str]:
    """How many texts come back from a charset, do so but for a hole in a thousand characters, are given up,
    and are misread; of those that are not ASCII and can be written in it."""
    counts: Counter[str] = Counter()
    for text in texts:
        data = text.encode(encoding, errors="ignore")
        if text.isascii() or data.decode(encoding) != text:
            continue
        found, charset = decode(data)
        counts["lost" if charset is None else "right" if found == text else _how_wrong(found, text)] += 1
    return counts


def _how_wrong(found: str, text: str) -> str:
    alike = len(found) == len(text) and all(
        one == other or one == "\ufffd" for one, other in zip(found, text, strict=True)
    )
    return "holes" if alike and found.count("\ufffd") * 1000 <= len(text) else "wrong"


@needs_texts
@pytest.mark.parametrize("encoding", ["gb18030", "gbk"])
def test_every_chapter_of_a_novel_comes_back(encoding: str) -> None:
    assert outcomes(chapters(), encoding) == {"right": 120}


@needs_texts
@pytest.mark.parametrize("encoding", ["cp950", "big5hkscs"])
def test_paragraphs_of_a_traditional_novel_come_back_or_are_rejected_but_are_never_misread(
    encoding: str,
) -> None:
    found = outcomes(traditional_paragraphs(), encoding)
    assert found["wrong"] == 0
    assert found["right"] > 1490
    assert found["lost"] < 10


@needs_texts
@pytest.mark.parametrize(("encoding", "right"), [("cp1252", 100), ("latin-1", 18)])
def test_manuals_come_back_or_are_rejected_but_are_never_misread(encoding: str, right: int) -> None:
    found = outcomes(manuals(), encoding)
    assert found["wrong"] == 0
    assert found["right"] >= right
    assert found["lost"] + found["holes"] <= 2


def test_gb18030_is_taken_where_big5_reads_common_letters_too() -> None:
    data = IN_BOTH.encode("gb18030")
    assert set(data.decode("big5")) - set(SIMPLIFIED)
    assert decode(data) == (IN_BOTH, "gb18030")
    page = ("<p>" + IN_BOTH) * 100
    found = decode_page((page + "<p>").encode("gb18030") + b"\xb5</p>", ("big5",))
    assert found == (page + "<p>\ufffd</p>", "gb18030")
    assert decode(IN_BOTH.encode("big5")) == (IN_BOTH, "big5")


def test_letters_of_hong_kong_are_read_where_taiwan_s_charset_has_none() -> None:
    assert "哋".encode("cp950", "ignore") == b""
    assert decode(CANTONESE.encode("big5hkscs")) == (CANTONESE, "big5")


@pytest.mark.parametrize(
    ("common", "rare", "name"),
    [(9, 1, "gb18030"), (18, 2, "gb18030"), (17, 2, None), (19, 2, "gb18030"), (8, 1, None)],
)
def test_nine_tenths_of_the_letters_of_chinese_are_common(common: int, rare: int, name: str | None) -> None:
    assert decode(((IN_BOTH * 2)[:common] + "囧" * rare).encode("gb18030"))[1] == name


@pytest.mark.parametrize(("alone", "together", "name"), [(3, 4, "gb18030"), (4, 4, "gb18030"), (5, 4, None)])
def test_half_of_the_letters_of_chinese_stand_together(alone: int, together: int, name: str | None) -> None:
    assert decode((" ".join(IN_BOTH[:alone]) + " " + IN_BOTH[:together]).encode("gb18030"))[1] == name


@pytest.mark.parametrize("byte", [*range(0x20), 0x7F])
def test_control_characters_that_no_text_has_rule_every_charset_out_but_utf_8(byte: int) -> None:
    with_it = IN_BOTH + chr(byte)
    assert decode(with_it.encode()) == (with_it, "utf-8")
    expected = "gb18030" if chr(byte) in "\t\n\r\f" else None
    assert decode(with_it.encode("gb18030"))[1] == expected


@pytest.mark.parametrize(("size", "passed"), [(1001, True), (1000, True), (999, False)])
def test_one_broken_character_in_a_thousand_is_passed_over(size: int, passed: bool) -> None:
    data = "道".encode()[:2] + IN_BOTH[:9].encode() + b"x" * (size - 10)
    assert len(data.decode(errors="replace")) == size
    assert (decode_page(data, ())[1] == "utf-8") == passed


@pytest.mark.parametrize(("whole", "name"), [(10, "utf-8"), (9, "utf-8"), (8, "cp1251")])
def test_a_broken_character_is_one_of_ten_beyond_ascii_or_the_charset_is_another(
    whole: int, name: str
) -> None:
    data = "道".encode()[:2] + (IN_BOTH[:whole] + "x" * 2000).encode()
    assert decode_page(data, ("windows-1251",))[1] == name


@pytest.mark.parametrize(("size", "name"), [(1001, "cp932"), (1000, "cp932"), (999, None)])
def test_of_what_is_declared_too_one_character_in_a_thousand_may_be_broken(
    size: int, name: str | None
) -> None:
    data = ("昨日、政府は新しい法律を可決した。" * 60)[: size - 4].encode("cp932") + b"\x81<p>"
    assert len(data.decode("cp932", errors="replace")) == size
    assert decode_page(data, ("shift_jis",))[1] == name


@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
@pytest.mark.parametrize(
    ("name", "encoding", "right", "lost"),
    [
        ("zh", "gb18030", 1400, 10),
        ("en", "cp1252", 225, 10),
        ("en", "latin-1", 10, 10),
        ("code_pypi", "latin-1", 2, 5),
    ],
)
def test_real_documents_come_back_or_are_rejected_but_are_never_misread(
    name: str, encoding: str, right: int, lost: int
) -> None:
    with gzip.open(SHARED / f"{name}.jsonl.gz") as file:
        texts = [json.loads(line)["text"] for line in islice(file, 0, None, 5 if name == "zh" else 3)]
    counts = outcomes(texts, encoding)
    assert counts["wrong"] == 0
    assert counts["right"] >= right
    assert counts["lost"] + counts["holes"] <= lost


@pytest.mark.parametrize(
    ("text", "encoding", "declared", "name"),
    [
        (SIMPLIFIED, "utf-8", "gbk", "utf-8"),
        (SIMPLIFIED, "gb18030", "iso-8859-1", "gb18030"),
        (SIMPLIFIED, "gb18030", "utf-8", "gb18030"),
        (SIMPLIFIED, "gb18030", None, "gb18030"),
        (TRADITIONAL, "big5", "gb2312", "big5"),
        (SIMPLIFIED, "utf-16", None, "utf-16-le"),
        (SIMPLIFIED, "utf-8-sig", "big5", "utf-8"),
        (FRENCH, "cp1252", "utf-8", "cp1252"),
        (FRENCH, "cp1252", "iso-8859-1", "cp1252"),
        (RUSSIAN, "koi8-r", "koi8-r", "koi8-r"),
        ("昨日、政府は新しい法律を可決した。", "shift_jis", None, "cp932"),
        ("├──", "gb18030", "gb2312", "gb18030"),
    ],
)
def test_a_page_is_believed_only_as_far_as_its_bytes_bear_it_out(
    text: str, encoding: str, declared: str | None, name: str
) -> None:
    assert decode_page(text.encode(encoding), (declared,)) == (text, name)


@pytest.mark.parametrize(
    "declared",
    ["hex", "idna", "undefined", "unicode_escape", "utf-7", "no-such", "", "utf\x00", "a" * 10_000],
)
def test_charsets_that_the_web_does_not_know_are_passed_over(declared: str) -> None:
    assert decode_page(b"\\u0041\x81\x8d\xff" * 9, (declared,))[1] is None
    assert decode_page(SIMPLIFIED.encode("gb18030"), (declared,)) == (SIMPLIFIED, "gb18030")


def test_what_a_page_says_of_itself_counts_too() -> None:
    page = "<meta charset='windows-1251'><p>Вчера правительство приняло новый закон о налогах."
    assert decode_page(page.encode("cp1251"), (None, "no-such-charset")) == (page, "cp1251")


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [(SIMPLIFIED, "utf-8", "utf-8"), (SIMPLIFIED, "gb18030", "gb18030"), (TRADITIONAL, "big5", "big5")],
)
def test_a_broken_letter_in_a_long_page_is_passed_over(text: str, encoding: str, name: str) -> None:
    page = ("<p>" + text) * 60
    found = decode_page(
        (page + "<p>").encode(encoding) + text[0].encode(encoding)[:1] + b"</p>", ("iso-8859-1",)
    )
    assert found == (page + "<p>\ufffd</p>", name)
    assert decode_page("道".encode()[:-1] * 30, ("utf-8",))[1] is None
