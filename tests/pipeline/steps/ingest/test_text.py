"""Text as it is found: charsets, control characters, and lines and documents of any length."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import LAOZI, jsonl

CASES = Path(__file__).parents[5] / "shared" / "cases" / "documents"


def test_charsets(tmp_path: Path) -> None:
    for name, data in {
        "1-utf8": LAOZI.encode(),
        "2-bom": b"\xef\xbb\xbf" + LAOZI.encode(),
        "3-gb18030": LAOZI.encode("gb18030"),
        "4-utf16le": b"\xff\xfe" + LAOZI.encode("utf-16-le"),
        "5-utf16be": b"\xfe\xff" + LAOZI.encode("utf-16-be"),
        "6-latin1": "déjà vu, çà et là, où l'été naît".encode("latin-1"),
        "7-odd": b"\xff\xfe" + LAOZI.encode("utf-16-le")[:-1],
    }.items():
        (tmp_path / f"{name}.txt").write_bytes(data)
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt"]})
    assert found.texts == [LAOZI] * 5
    assert len(set(found.kept.column("hash").to_pylist())) == 1
    assert found.reasons == [
        ("s:6-latin1.txt", "invalid_encoding"),
        ("s:7-odd.txt", "invalid_encoding"),
    ]
    assert found.rejected.column("text").to_pylist()[0].startswith("d\ufffdj\ufffd vu")
    assert {name: found.metrics[f"charset/{name}"] for name in ("gb18030", "utf-16-le", "utf-16-be")} == {
        "gb18030": 1,
        "utf-16-le": 2,
        "utf-16-be": 1,
    }


def test_lines_of_utf16_and_of_gb18030(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(("\ufeff" + LAOZI * 400).encode("utf-16-le"))
    (tmp_path / "b.txt").write_bytes((LAOZI + "\n").encode("gb18030") + b"plain\n" + LAOZI.encode())
    source = {"name": "s", "path": ".", "format": "text", "document": "line", "include": ["*.txt"]}
    found = ingest(tmp_path, source, part_bytes=1000)
    assert found.texts == [*(LAOZI * 400).split("\n"), *LAOZI.split("\n"), "plain", *LAOZI.split("\n")]
    (tmp_path / "c.jsonl").write_bytes(jsonl([LAOZI]).decode().encode("gb18030") + jsonl([LAOZI]))
    assert ingest(tmp_path, {"name": "s", "path": "c.jsonl", "format": "jsonl"}).texts == [LAOZI] * 2


def test_null_bytes_and_control_characters_are_removed_and_counted(tmp_path: Path) -> None:
    texts = ["nu\x00ll", "bell\x07 and\x1b[0m", "tab\tand\r\nline\rends", "caf\u0065\u0301", "plain"]
    (tmp_path / "a.jsonl").write_bytes(jsonl(texts))
    found = ingest(tmp_path, {"name": "s", "path": "a.jsonl", "format": "jsonl"})
    assert found.texts == ["null", "bell and[0m", "tab\tand\nline\nends", "caf\u00e9", "plain"]
    assert {name: number for name, number in found.metrics.items() if name.startswith("repaired")} == {
        "repaired/control_characters": 2,
        "repaired/line_ends": 1,
        "repaired/nfc": 1,
    }
    (tmp_path / "b.txt").write_bytes(b"nu\x00ll")
    assert ingest(tmp_path, {"name": "s", "path": "b.txt", "format": "text"}).texts == ["null"]
    found = ingest(
        tmp_path,
        {"name": "s", "path": ".", "format": "tree", "include": ["b.txt", "a.jsonl"], "kind": "code"},
    )
    assert found.reasons == [("s:b.txt", "binary")]


@pytest.mark.skipif(not CASES.exists(), reason="the cases are not beside the checkout")
def test_a_windows_apostrophe_in_real_text_is_read(tmp_path: Path) -> None:
    lines = (CASES / "open_code_fence.jsonl").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if json.loads(line)["id"] == "c1")
    (tmp_path / "a.jsonl").write_text(line, encoding="utf-8")
    found = ingest(tmp_path, {"name": "s", "path": "a.jsonl", "format": "jsonl"})
    assert found.texts[0].startswith("I walked an hour 2 c u! doesn’t that show I care")
    assert found.metrics["repaired/windows_1252"] == 1


def test_a_line_of_ten_megabytes(tmp_path: Path) -> None:
    long = "0123456789" * 1_000_000
    (tmp_path / "a.jsonl").write_bytes(jsonl(["before", long, "after"]))
    (tmp_path / "b.txt").write_text(f"before\n{long}\nafter", encoding="utf-8")
    sources = [
        {"name": "j", "path": "a.jsonl", "format": "jsonl"},
        {"name": "t", "path": "b.txt", "format": "text", "document": "line"},
    ]
    assert ingest(tmp_path, *sources).texts == ["before", long, "after"] * 2
    found = ingest(tmp_path, *sources, max_document_bytes=5_000_000, part_bytes=3_000_000)
    assert found.texts == ["before", "after"] * 2
    assert found.reasons == [("j:a.jsonl#19", "too_long"), ("t:b.txt#7", "too_long")]
    details = found.rejected.column("detail").to_pylist()
    assert [detail.partition(";")[0] for detail in details] == ["10000012 bytes", "10000000 bytes"]
    heads = found.rejected.column("text").to_pylist()
    assert heads == [('{"text": "' + long)[: len(heads[0])], long[: len(heads[1])]]
    assert [len(head) for head in heads] == [65_536, 65_536]


def test_a_document_cut_within_a_character_is_too_long_and_not_misread(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("道" * 1000, encoding="utf-8")
    (tmp_path / "b.txt").write_text("y", encoding="utf-8")
    found = ingest(
        tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt"]}, max_document_bytes=1000
    )
    assert found.reasons == [("s:a.txt", "too_long")]


@pytest.mark.parametrize(
    "text",
    [
        "替换符\ufffd\ufffd",
        "中文摘要到此\ufffd",
        "\ufffd半个字在开头",
        "cut at thr\ufffd\ufffd\ufffd",
        "caf\ufffd",
        "One in twenty may be \ufffd and one more in as many \ufffd may, too.",
    ],
)
def test_one_break_in_a_short_text_or_few_in_a_long_one_are_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl([text]))
    assert ingest(tmp_path, {"name": "s", "path": "a.jsonl", "format": "jsonl"}).texts == [text]


@pytest.mark.parametrize(
    "text",
    [
        "\ufffd",
        "\ufffd\ufffd\ufffd\ufffd",
        "道\ufffd\ufffd",
        "caf\ufffd \ufffd\ufffd",
        "d\ufffdj\ufffd vu",
        "\ufffd\ufffdab\ufffd\ufffd",
    ],
)
def test_text_of_which_most_or_many_places_are_broken_is_no_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl([text]))
    found = ingest(tmp_path, {"name": "s", "path": "a.jsonl", "format": "jsonl"})
    assert found.reasons == [("s:a.jsonl#0", "invalid_encoding")]
