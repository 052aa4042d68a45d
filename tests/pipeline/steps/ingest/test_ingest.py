"""Ingest of sound input: ids, parts, grouping, strip patterns, and the same documents however the input is
cut."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import xxhash

from tests.pipeline.steps.ingest.run import Ingested, ingest
from tests.pipeline.toy import PEP20

SHARED = Path(__file__).parents[5] / "shared" / "corpus"


@pytest.mark.parametrize("lines_per_document", [1, 4])
def test_parts_do_not_change_lines(tmp_path: Path, lines_per_document: int) -> None:
    (tmp_path / "a.txt").write_text("\n\n".join(PEP20) + "\n", encoding="utf-8")
    source = {
        "name": "s",
        "path": "a.txt",
        "format": "text",
        "document": "line",
        "lines_per_document": lines_per_document,
    }
    whole = ingest(tmp_path, source)
    assert whole.texts == [
        "\n".join(PEP20[start : start + lines_per_document])
        for start in range(0, len(PEP20), lines_per_document)
    ]
    assert whole.parts == 1
    cut = ingest(tmp_path, source, part_bytes=100)
    assert cut.parts > 3
    assert "\n".join(cut.texts) == "\n".join(PEP20)
    if lines_per_document == 1:
        assert cut.kept.equals(whole.kept)
    assert whole.kept.column("id").to_pylist()[:1] == ["s:a.txt#0"]
    assert (
        json.loads(whole.kept.column("meta")[1].as_py())["offset"]
        == len("\n\n".join(PEP20[:lines_per_document]).encode()) + 2
    )


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_a_json_file_is_an_array_or_lines_as_its_first_line_says(tmp_path: Path, name: str) -> None:
    def found(text: str, **settings: int) -> Ingested:
        data = text.encode("utf-16" if settings.pop("wide", 0) else "utf-8")
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return ingest(tmp_path, {"name": "s", "path": name, "format": "jsonl"}, **settings)

    records = [{"text": line} for line in PEP20]
    lines = "\n".join(json.dumps(record) for record in records)
    assert found(lines).texts == found(f"\ufeff\n{lines}\n").texts == found(lines, wide=1).texts == PEP20
    cut = found(lines, part_bytes=100)
    assert cut.texts == PEP20
    assert (cut.parts > 3) == (name == "a.json")
    for array in (json.dumps(records), json.dumps(records, indent=1), json.dumps(PEP20)):
        assert found(array).texts == found(array, wide=1).texts == found(array, part_bytes=100).texts == PEP20
    assert found(array).kept.column("id")[-1].as_py() == f"s:{name}#{len(PEP20) - 1}"


def test_paragraphs(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\r\n\r\none\r\ntwo\r\n \t\r\nthree\n\n\n\nfour")
    found = ingest(tmp_path, {"name": "s", "path": "a.txt", "format": "text", "document": "paragraph"})
    assert found.texts == ["one\ntwo", "three", "four"]
    assert found.kept.column("id").to_pylist() == ["s:a.txt#4", "s:a.txt#18", "s:a.txt#27"]


def test_sources_keep_the_manifest_order_and_files_that_of_their_names(tmp_path: Path) -> None:
    for name in ("b/2.py", "b/10.py", "a.py", ".git/config.py", "skip/x.py"):
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(f"name = {name!r}")
    (tmp_path / "z.jsonl").write_text('{"text": "first"}')
    tree = {
        "name": "tree",
        "path": "tree",
        "format": "tree",
        "kind": "code",
        "include": ["**/*.py"],
        "exclude": ["skip/*"],
    }
    found = ingest(tmp_path, {"name": "z", "path": "z.jsonl", "format": "jsonl"}, tree)
    assert found.kept.column("id").to_pylist() == ["z:z.jsonl#0", "tree:a.py", "tree:b/10.py", "tree:b/2.py"]
    assert json.loads(found.kept.column("meta")[2].as_py()) == {"path": "b/10.py", "suffix": ".py"}
    assert found.parts == 1
    assert found.kept.column("hash")[0].as_py() == xxhash.xxh3_128_digest(b"first")


def test_tags_are_stripped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        "迈向/v  充满/v  希望/n  的/u  新/a  世纪/n  ——/w  １/m  张/q", encoding="utf-8"
    )
    found = ingest(
        tmp_path, {"name": "s", "path": "a.txt", "format": "text", "strip": ["/[A-Za-z]{1,3}[ \t]*"]}
    )
    assert found.texts == ["迈向充满希望的新世纪——１张"]


def test_mojibake_is_repaired_in_prose_and_left_in_code(tmp_path: Path) -> None:
    good = "“Naïve” café — déjà vu, señor’s crème brûlée"
    bad = good.encode().decode("cp1252", errors="ignore")
    (tmp_path / "a.txt").write_text(bad, encoding="utf-8")
    prose = ingest(tmp_path, {"name": "s", "path": "a.txt", "format": "text"})
    assert "Naïve" in prose.texts[0]
    assert "café — déjà vu, señor’s crème brûlée" in prose.texts[0]
    assert prose.metrics["repaired/mojibake"] == 1
    assert ingest(tmp_path, {"name": "s", "path": "a.txt", "format": "text", "kind": "code"}).texts == [bad]


@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
@pytest.mark.parametrize(("name", "documents"), [("en", 1774), ("zh", 7115)])
def test_real_text_is_kept_whole(tmp_path: Path, name: str, documents: int) -> None:
    path = SHARED / f"{name}.jsonl.gz"
    found = ingest(tmp_path, {"name": name, "path": str(path), "format": "jsonl"}, part_bytes=10_000_000)
    assert (len(found.kept), len(found.rejected)) == (documents, 0)
    assert len(set(found.kept.column("id").to_pylist())) == documents
    with gzip.open(path) as file:
        originals = [json.loads(line)["text"] for line in file]
    unchanged = sum(
        text == original.strip(" \t\n\u3000") for text, original in zip(found.texts, originals, strict=True)
    )
    repaired = sum(number for metric, number in found.metrics.items() if metric.startswith("repaired"))
    assert documents - repaired <= unchanged < documents
