"""Damaged input: every document that can be read is kept, every other one is a reject with its reason, and nothing crashes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from manifests.files import sha256
from manifests.schema.base import ManifestError
from pipeline.ingest import IngestStep
from tests.pipeline.ingest.run import context, corpus, ingest
from tests.pipeline.toy import PEP20

LAOZI = "道可道，非常道。名可名，非常名。\n无名天地之始，有名万物之母。"


def jsonl(texts: list[str]) -> bytes:
    return b"".join(json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n" for text in texts)


def test_broken_lines_cost_no_other_line(tmp_path: Path) -> None:
    lines = [
        b'{"text": "Flat is better than nested.", "id": 7, "url": "u", "license": "PSF-2.0"}',
        b'{"text": "Sparse is',
        b"",
        b"[1, 2]",
        b'{"body": "Readability counts."}',
        b'{"text": 5}',
        b'{"text": null}',
        b'{"text": "  \\n"}',
        b'{"text": "\\ud800"}',
        b'{"text": "caf\xe9 au lait"}',
        b'{"text": "Now is better than never."}',
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    found = ingest(tmp_path, {"name": "s", "path": "a.jsonl", "format": "jsonl", "license": "MIT"})
    assert found.texts == ["Flat is better than nested.", "Now is better than never."]
    assert found.kept.column("license").to_pylist() == ["PSF-2.0", "MIT"]
    assert found.kept.column("url").to_pylist() == ["u", None]
    assert found.kept.column("meta").to_pylist() == ['{"id":7}', None]
    starts = [sum(len(line) + 1 for line in lines[:index]) for index in range(len(lines))]
    wanted = {1: "invalid_json", 3: "not_an_object", 4: "missing_text", 5: "text_not_a_string", 6: "missing_text", 7: "empty"}
    wanted |= {8: "invalid_json", 9: "invalid_encoding"}
    assert found.reasons == [(f"s:a.jsonl#{starts[index]}", reason) for index, reason in wanted.items()]
    rejected = dict(zip(found.rejected.column("reason").to_pylist(), found.rejected.to_pylist(), strict=True))
    assert rejected["text_not_a_string"]["text"] == '{"text": 5}'
    assert rejected["text_not_a_string"]["detail"] == "field 'text' is int, not a string"
    assert rejected["invalid_encoding"]["text"] == '{"text": "caf\ufffd au lait"}'


@pytest.mark.parametrize(("suffix", "reason"), [(".gz", "truncated_gzip"), (".zst", "truncated_zstd")])
def test_a_truncated_file_gives_what_can_be_read(tmp_path: Path, suffix: str, reason: str) -> None:
    text = jsonl([f"{number} {line}" for number in range(2000) for line in PEP20])
    packed = gzip.compress(text) if suffix == ".gz" else zstandard.ZstdCompressor().compress(text)
    (tmp_path / f"a.jsonl{suffix}").write_bytes(packed[: len(packed) * 2 // 3])
    found = ingest(tmp_path, {"name": "s", "path": f"a.jsonl{suffix}", "format": "jsonl"})
    expected = [f"{number} {line}" for number in range(2000) for line in PEP20]
    assert 8000 < len(found.texts) < 26000
    assert found.texts == expected[: len(found.texts)]
    assert found.reasons == [(f"s:a.jsonl{suffix}#damage", reason)]
    (rest,) = found.rejected.column("text").to_pylist()
    assert jsonl(expected[: len(found.texts) + 1]).decode().startswith(jsonl(found.texts).decode() + rest.rstrip("\ufffd"))
    assert "bytes" in found.rejected.column("detail").to_pylist()[0]


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(jsonl(PEP20)))
    packed[-6] ^= 1
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    found = ingest(tmp_path, {"name": "s", "path": "a.jsonl.gz", "format": "jsonl"})
    assert found.texts == PEP20
    assert found.reasons == [("s:a.jsonl.gz#damage", "corrupt_compression")]


def test_a_truncated_whole_file_is_not_lost(tmp_path: Path) -> None:
    packed = gzip.compress(LAOZI.encode())
    (tmp_path / "laozi.txt.gz").write_bytes(packed[:-12])
    (tmp_path / "whole.txt.gz").write_bytes(packed + packed)
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt.gz"]})
    assert found.texts == [LAOZI * 2], "a gzip file may have many members"
    assert found.reasons == [("s:laozi.txt.gz#damage", "truncated_gzip")]
    assert LAOZI.startswith(found.rejected.column("text").to_pylist()[0].rstrip("\ufffd"))


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
    assert found.reasons == [("s:6-latin1.txt", "invalid_encoding"), ("s:7-odd.txt#damage", "invalid_encoding")]
    assert found.rejected.column("text").to_pylist()[0].startswith("d\ufffdj\ufffd vu")
    assert {name: found.metrics[f"charset/{name}"] for name in ("gb18030", "utf-16-le", "utf-16-be")} == {
        "gb18030": 1,
        "utf-16-le": 1,
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
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "tree", "include": ["b.txt", "a.jsonl"], "kind": "code"})
    assert found.reasons == [("s:b.txt", "binary")]


def test_a_line_of_ten_megabytes(tmp_path: Path) -> None:
    long = "0123456789" * 1_000_000
    (tmp_path / "a.jsonl").write_bytes(jsonl(["before", long, "after"]))
    (tmp_path / "b.txt").write_text(f"before\n{long}\nafter", encoding="utf-8")
    sources = [{"name": "j", "path": "a.jsonl", "format": "jsonl"}, {"name": "t", "path": "b.txt", "format": "text", "document": "line"}]
    assert ingest(tmp_path, *sources).texts == ["before", long, "after"] * 2
    found = ingest(tmp_path, *sources, max_document_bytes=5_000_000, part_bytes=3_000_000)
    assert found.texts == ["before", "after"] * 2
    assert found.reasons == [("j:a.jsonl#19", "too_long"), ("t:b.txt#7", "too_long")]
    assert found.rejected.column("detail").to_pylist() == ["10000012 bytes", "10000000 bytes"]
    assert found.rejected.column("text").to_pylist() == [('{"text": "' + long)[:5_000_000], long[:5_000_000]]


def test_a_file_longer_than_allowed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 1001, encoding="utf-8")
    (tmp_path / "b.txt").write_text("y" * 1000, encoding="utf-8")
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt"]}, max_document_bytes=1000)
    assert found.texts == ["y" * 1000]
    assert found.reasons == [("s:a.txt", "too_long")]


def test_a_document_cut_within_a_character_is_too_long_and_not_misread(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("道" * 1000, encoding="utf-8")
    (tmp_path / "b.txt").write_text("y", encoding="utf-8")
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt"]}, max_document_bytes=1000)
    assert found.reasons == [("s:a.txt", "too_long")]


def test_empty_files_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(b"text")
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b""))
    found = ingest(
        tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt"]}, {"name": "j", "path": "c.jsonl.gz", "format": "jsonl"}
    )
    assert found.texts == ["text"]
    assert (found.metrics["files/found"], found.metrics["files/empty"], len(found.rejected)) == (3, 1, 0)


def test_links_out_of_the_source_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "own.txt").write_text("own")
    (tree / "sub" / "inner.txt").symlink_to(tree / "own.txt")
    (tree / "outer.txt").symlink_to(tmp_path / "secret.txt")
    source = {"name": "s", "path": "tree", "format": "text", "include": ["**/*.txt"]}
    found = ingest(tmp_path, source)
    assert found.kept.column("id").to_pylist() == ["s:own.txt", "s:sub/inner.txt"]
    assert found.metrics["files/link_outside"] == 1
    (tree / "own.txt").unlink()
    (tree / "sub" / "inner.txt").unlink()
    with pytest.raises(ManifestError, match="1 links that lead out of it are not followed"):
        ingest(tmp_path, source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "nowhere"}, "source 's': .*nowhere does not exist; correct its `path`"),
        ({"include": ["*.md"]}, "matches .*md.*; correct `include`"),
    ],
)
def test_a_source_without_files_names_the_fix(tmp_path: Path, source: dict[str, object], message: str) -> None:
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(ManifestError, match=message):
        ingest(tmp_path, {"name": "s", "path": ".", "format": "text", **source})


def test_an_array_of_texts_and_one_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(["第一回", {"text": "第二回", "id": "x"}, 3]))
    (tmp_path / "b.json").write_text('{"text": "alone"}')
    (tmp_path / "c.json").write_text('["open')
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "jsonl", "include": ["*.json"]})
    assert found.kept.column("id").to_pylist() == ["s:a.json#0", "s:a.json#1"]
    assert found.reasons == [("s:a.json#2", "not_an_object"), ("s:b.json", "not_an_array"), ("s:c.json", "invalid_json")]


def test_hashes_of_inputs_are_remembered_but_never_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    here = context(tmp_path, corpus({"name": "s", "path": "a.txt", "format": "text"}))
    first = IngestStep().inputs(here)
    assert first == {"s/a.txt": sha256(path)}
    (listed,) = IngestStep().run(here).files
    assert json.loads((here.folder / listed.path).read_text()) == first
    assert IngestStep().inputs(here) == first
    path.write_text("two, longer")
    assert IngestStep().inputs(here) != first
    (here.folder / ".inputs.json").write_text("[torn")
    path.write_text("one")
    assert IngestStep().inputs(here) == first
