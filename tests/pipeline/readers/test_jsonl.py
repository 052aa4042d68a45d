"""JSON as people write it: arrays, objects and lines behind marks, in other charsets, with half an emoji."""

from __future__ import annotations

import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.readers.json_values import parse
from tests.pipeline.steps.ingest.run import Ingested, ingest

LAOZI = "道可道，非常道。名可名，非常名。无名天地之始，有名万物之母。"
CUT = "这段文字是从网上抓来的，里面本来有一个表情符号，可惜在截断的时候只剩下了一半，其余的内容都好好的。"
HOLE = "\ufffd"


def read(folder: Path, data: bytes, name: str = "a.jsonl", **more: Any) -> Ingested:
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return ingest(folder, {"name": "s", "path": name, "format": "jsonl", **more})


def dumped(value: Any, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode()


ARRAY = [{"text": LAOZI, "id": 1}, LAOZI + "又", {"text": LAOZI + "三"}]
TEXTS = [LAOZI, LAOZI + "又", LAOZI + "三"]


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("front", [b"", codecs.BOM_UTF8, codecs.BOM_UTF8 + b"\n\n", b" \r\n"])
def test_an_array_is_read_whatever_is_in_front_of_it(
    tmp_path: Path, name: str, indent: int | None, front: bytes
) -> None:
    found = read(tmp_path, front + dumped(ARRAY, indent), name)
    assert found.texts == TEXTS
    assert found.kept.column("id").to_pylist() == [f"s:{name}#{number}" for number in range(3)]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8"])
def test_an_array_in_another_charset(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, dumped(ARRAY).decode().encode(encoding), "a.json").texts == TEXTS


def test_an_array_in_utf16_without_a_mark_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, dumped(ARRAY).decode().encode("utf-16-le"), "a.json")
    assert found.reasons == [("s:a.json", "invalid_encoding")]


@pytest.mark.parametrize("front", [b"", codecs.BOM_UTF8, b"\n"])
@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_one_object_over_many_lines_is_one_document(tmp_path: Path, name: str, front: bytes) -> None:
    found = read(tmp_path, front + dumped({"id": "j1", "text": LAOZI, "n": {"deep": [1, 2]}}, 2), name)
    assert (found.texts, found.reasons) == ([LAOZI], [])
    assert found.kept.column("id").to_pylist() == [f"s:{name}#0"]
    assert found.kept.column("meta").to_pylist() == ['{"id":"j1"}']


def test_one_object_without_a_text_tells_its_fields(tmp_path: Path) -> None:
    found = read(tmp_path, dumped({"data": [{"text": LAOZI}], "n": 1}, 1), "a.json")
    assert found.reasons == [("s:a.json#0", "missing_text")]
    assert found.rejected.column("detail").to_pylist() == ["no field 'text'; found data, n"]
    found = read(tmp_path, dumped({str(number): 1 for number in range(99)}), "b.json")
    (detail,) = found.rejected.column("detail").to_pylist()
    assert detail == "no field 'text'; found " + ", ".join(map(str, range(30))) + ", ..."
    found = read(tmp_path, b"{}", "c.json")
    assert found.rejected.column("detail").to_pylist() == ["no field 'text'; found none"]


def test_lines_in_a_file_that_ends_in_json_may_begin_with_half_an_emoji(tmp_path: Path) -> None:
    lines = b'{"text": "%s \\ud83d"}\n{"text": "%s"}\n' % (CUT.encode(), LAOZI.encode())
    assert read(tmp_path, lines, "a.json").texts == [f"{CUT} {HOLE}", LAOZI]
    assert read(tmp_path, lines.decode().encode("gb18030"), "b.json").texts == [f"{CUT} {HOLE}", LAOZI]


@pytest.mark.parametrize(
    ("escape", "character"),
    [
        ("\\ud83d", HOLE),
        ("\\uD83D", HOLE),
        ("\\ude00", HOLE),
        ("\\ude00\\ud83d", HOLE * 2),
        ("\\ud83d\\ude00", "\U0001f600"),
        ("\\ud83d\\ud83d\\ude00", HOLE + "\U0001f600"),
        ("\\ud83dx\\ude00", f"{HOLE}x{HOLE}"),
        ("\\\\ud83d", "\\ud83d"),
        ("\\\\\\ud83d", f"\\{HOLE}"),
    ],
)
@pytest.mark.parametrize("where", ["begin", "middle", "end"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_half_an_emoji_costs_itself_only(
    tmp_path: Path, escape: str, character: str, where: str, name: str
) -> None:
    at = {"begin": 0, "middle": len(CUT) // 2, "end": len(CUT)}[where]
    line = f'{{"text": "{CUT[:at]}{escape}{CUT[at:]}"}}'.encode()
    found = read(tmp_path, line if name == "a.jsonl" else b"[" + line + b"]", name)
    assert (found.texts, found.reasons) == ([CUT[:at] + character + CUT[at:]], [])


@pytest.mark.parametrize(
    "other",
    [
        '"title": "\\ud83d"',
        '"\\udc00": 1',
        '"deep": [{"x": "a\\udfff"}]',
        '"score": NaN',
        '"score": -Infinity',
    ],
)
def test_what_is_odd_in_a_field_that_is_not_read_costs_no_document(tmp_path: Path, other: str) -> None:
    found = read(tmp_path, f'{{{other}, "text": "{LAOZI}"}}\n{{"text": "two"}}'.encode())
    assert found.texts == [LAOZI, "two"]


def test_half_an_emoji_in_an_id_an_address_or_a_licence_is_replaced(tmp_path: Path) -> None:
    line = '{"id": "a\\ud83d", "url": "http://\\ud83d", "license": "\\udc00", "text": "one"}'
    found = read(tmp_path, line.encode())
    assert found.kept.select(["url", "license", "meta"]).to_pylist() == [
        {"url": f"http://{HOLE}", "license": HOLE, "meta": f'{{"id":"a{HOLE}"}}'}
    ]


def test_halves_written_as_bytes(tmp_path: Path) -> None:
    # As Java and old databases write what lies beyond 16 bits.
    line = b'{"text": "' + LAOZI.encode() + b'\xed\xa0\xbd\xed\xb8\x80"}\n'
    found = read(tmp_path, line)
    assert found.texts == [LAOZI + "\U0001f600"]
    assert found.metrics["charset/cesu-8"] == 1


def test_a_text_of_nothing_but_broken_characters_is_none(tmp_path: Path) -> None:
    texts = [HOLE * 9, HOLE + "ab" * 5 + HOLE, "ab" * 5 + HOLE * 2, "x\ud83d" * 20]
    found = read(tmp_path, b"\n".join(json.dumps({"text": text}).encode() for text in texts))
    assert found.texts == ["ab" * 5 + HOLE * 2]
    assert [reason for _, reason in found.reasons] == ["invalid_encoding"] * 3


def test_documents_whose_broken_characters_were_replaced_are_counted(tmp_path: Path) -> None:
    good = dumped({"text": LAOZI * 100})
    bad = good.replace("母".encode(), "母".encode() + b"\xff", 1)
    found = read(tmp_path, b"\n".join([good, bad, dumped({"text": LAOZI * 9 + HOLE})]))
    assert found.texts[1] == (LAOZI * 100).replace("母", f"母{HOLE}", 1)
    assert len(found.texts) == 3
    (tmp_path / "a.txt").write_bytes(LAOZI.encode() * 100 + b"\xff")
    found = ingest(tmp_path, {"name": "t", "path": "a.txt", "format": "text"})
    assert found.texts == [LAOZI * 100 + HOLE]
    assert found.metrics["repaired/broken_characters"] == 1


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_what_orjson_reads_is_read_the_same(value: Any) -> None:
    data = orjson.dumps(value)
    assert parse(data) == (value, "utf-8")
    assert parse(codecs.BOM_UTF8 + json.dumps(value).encode()) == (value, "utf-8")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1,]", b"{'a': 1}", b"[" * 100_000, b"1" * 5000 + b"x", b'"a\nb"', b"nul"]
)
def test_what_is_no_json_is_told(data: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        parse(data)


def test_what_is_in_no_charset_is_told() -> None:
    with pytest.raises(UnicodeError):
        parse(b'{"text": "\xff\xfe\xfd"}')
