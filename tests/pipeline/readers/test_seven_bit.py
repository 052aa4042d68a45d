"""Charsets of seven bits: what they stand for, and that English, programs and packed bytes are left alone."""

from __future__ import annotations

import base64
import gzip
import inspect
import json
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readers.charset import decode, decode_all, decode_page
from pipeline.readers.seven_bit import decode_seven_bit, suspected
from tests.pipeline.at_hand import chapters, manuals, needs_texts
from tests.pipeline.readers.test_charset import ENGLISH, FRENCH, SIMPLIFIED, TRADITIONAL
from tests.pipeline.steps.ingest.run import ingest

SHARED = Path(__file__).parents[4] / "shared" / "corpus"
LETTER = "Dear all,\n\n" + SIMPLIFIED + "\n\nBest wishes ~ Li (C++ & Perl)\n"
JAPANESE = "昨日は雨が降っていたので、家で本を読みました。"
KOREAN = "어제는 비가 와서 집에서 책을 읽었습니다."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "hz"),
        (SIMPLIFIED * 40, "hz"),
        (LETTER, "hz"),
        (SIMPLIFIED, "utf-7"),
        (TRADITIONAL, "utf-7"),
        (LETTER, "utf-7"),
        (FRENCH, "utf-7"),
        (ENGLISH, "utf-7"),
        (JAPANESE, "iso2022_jp_2"),
        (SIMPLIFIED, "iso2022_jp_2"),
        (KOREAN, "iso2022_kr"),
    ],
)
def test_text_comes_back(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert data.isascii()
    assert decode(data) == (text, encoding)
    assert decode_page(data, ("us-ascii",)) == (text, encoding)


def test_hz_whose_lines_do_not_end_and_whose_tildes_are_single() -> None:
    line = SIMPLIFIED.encode("hz").decode()
    assert decode_seven_bit(f"~/notes\n{line.removesuffix('~}')}\nabout ~5 lines") == (
        f"~/notes\n{SIMPLIFIED}\nabout ~5 lines",
        "hz",
    )
    assert decode_seven_bit(line.replace("~}", "~}~\n~~")) == (SIMPLIFIED + "~", "hz")


@pytest.mark.parametrize(
    "text",
    [
        "Fig.~{\\em a}~} and ~{x} with ~}",
        "if (name =~{pattern}) { ~{1}~} }",
        "a+bcd-efgh, C++-based+fast-, +49-30-901820, x+total+foo/bar==",
        "2+AOk-2",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA+AAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
        "~{",
        "+",
        "",
    ],
)
def test_what_looks_like_a_mark_is_none(text: str) -> None:
    assert decode_seven_bit(text) is None
    assert decode(text.encode()) == (text, "utf-8")


@given(st.binary(min_size=60, max_size=600))
def test_packed_bytes_are_no_utf7(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[start : start + 60] for start in range(0, len(text), 60))
    assert decode_seven_bit(lines) is None
    assert decode_seven_bit("+" + "\n+".join(lines.split("\n"))) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_random_ascii_is_itself(text: str) -> None:
    assert decode_seven_bit(text) is None


def test_marks_of_iso_2022_that_python_cannot_read_are_told() -> None:
    cn = "\x1b$)A\x0e" + "VPNDVPND" + "\x0f"
    assert decode(cn.encode()) == (cn, None)


@needs_texts
@pytest.mark.parametrize("encoding", ["hz", "utf-7"])
def test_chapters_of_a_novel_come_back(encoding: str) -> None:
    for chapter in chapters():
        text = chapter.encode(encoding, errors="ignore").decode(encoding)
        assert decode(text.encode(encoding)) == (text, encoding)


@needs_texts
def test_manuals_are_what_they_look_like() -> None:
    texts = pa.array([text for text in manuals() if text.isascii()])
    assert len(texts) > 100
    assert [text for text in texts.filter(suspected(texts)).to_pylist() if decode_seven_bit(text)] == []


def test_the_source_of_random_and_of_base64_is_itself() -> None:
    for module in (random, base64, gzip):
        assert decode_seven_bit(inspect.getsource(module)) is None


@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
@pytest.mark.parametrize("name", ["en", "code_pypi"])
def test_real_documents_are_what_they_look_like(name: str) -> None:
    with gzip.open(SHARED / f"{name}.jsonl.gz") as file:
        texts = pa.array([json.loads(line)["text"] for line in file])
    assert [text for text in texts.filter(suspected(texts)).to_pylist() if decode_seven_bit(text)] == []


def test_a_column_keeps_its_other_rows(tmp_path: Path) -> None:
    column = pa.array([b"plain", SIMPLIFIED.encode("hz"), "道".encode()], pa.binary())
    assert decode_all(column)[:2] == (
        pa.array(["plain", SIMPLIFIED, "道"]),
        pa.array(["utf-8", "hz", "utf-8"]),
    )
    code = decode_all(column, seven_bit=False)
    assert code.texts[1].as_py() == SIMPLIFIED.encode("hz").decode()


def test_prose_is_read_and_a_program_with_an_example_is_left_alone(tmp_path: Path) -> None:
    example = "EXAMPLE = b'" + SIMPLIFIED.encode("hz").decode() + "'\n"
    (tmp_path / "a.py").write_text(example)
    prose = ingest(tmp_path, {"name": "s", "path": "a.py", "format": "text"})
    assert prose.texts == [f"EXAMPLE = b'{SIMPLIFIED}'"]
    assert prose.metrics["charset/hz"] == 1
    code = ingest(tmp_path, {"name": "s", "path": "a.py", "format": "tree", "kind": "code"})
    assert code.texts == [example.strip()]
