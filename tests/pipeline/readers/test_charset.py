"""Charsets: real text in each of them comes back as it was, and what is in none of them is not made into
text."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from pipeline.readers.charset import decode, decode_page

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
        ("Вчера правительство приняло новый закон о налогах.", "cp1251"),
        ("Вчера правительство приняло новый закон о налогах.", "koi8-r"),
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
    counts: Counter[str] = Counter()
    with gzip.open(SHARED / f"{name}.jsonl.gz") as file:
        for number, line in enumerate(file):
            text = json.loads(line)["text"]
            if number % (5 if name == "zh" else 3) or text.isascii():
                continue
            try:
                data = text.encode(encoding)
            except UnicodeEncodeError:
                continue
            found, charset = decode(data)
            counts["lost" if charset is None else "right" if found == text else "wrong"] += 1
    assert counts["wrong"] == 0
    assert counts["right"] >= right
    assert counts["lost"] <= lost


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
        ("Вчера правительство приняло новый закон о налогах.", "koi8-r", "koi8-r", "koi8-r"),
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
    [(SIMPLIFIED, "utf-8", "utf-8"), (SIMPLIFIED, "gb18030", "gb18030"), (TRADITIONAL, "big5", "cp950")],
)
def test_a_broken_letter_in_a_long_page_is_passed_over(text: str, encoding: str, name: str) -> None:
    page = ("<p>" + text) * 60
    found = decode_page(
        (page + "<p>").encode(encoding) + text[0].encode(encoding)[:1] + b"</p>", ("iso-8859-1",)
    )
    assert found == (page + "<p>\ufffd</p>", name)
    assert decode_page("道".encode()[:-1] * 30, ("utf-8",))[1] is None
