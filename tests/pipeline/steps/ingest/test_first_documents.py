"""A source that is not what its manifest says stops the run at once, and tells what was found."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.schema.base import ManifestError
from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import http, record

LINES = [json.dumps({"id": number, "body": "Readability counts.", "lang": "en"}) for number in range(300)]


def read(folder: Path, name: str, data: bytes, **source: Any) -> Any:
    (folder / name).write_bytes(data)
    form = {"parquet": "parquet", "jsonl": "jsonl", "json": "jsonl", "warc": "warc"}[name.split(".")[-1]]
    return ingest(folder, {"name": "s", "path": name, "format": form, **source})


def _parquet(rows: int) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": range(rows), "body": ["x"] * rows}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.jsonl", "\n".join(LINES).encode(), "missing_text (no field 'text'; found id, body, lang)"),
        ("a.json", f"[{','.join(LINES)}]".encode(), "missing_text (no field 'text'; found id, body, lang)"),
        ("a.parquet", _parquet(300), "missing_text (no column 'text'; found id, body)"),
        (
            "b.jsonl",
            b'{"text": {"en": "x"}, "n": 1}\n' * 200,
            "text_not_a_string (field 'text' is dict, not a string; found text, n)",
        ),
    ],
)
def test_a_wrong_text_field_stops_the_run_with_the_fields_found(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, name, data)
    assert str(caught.value) == (
        f"source 's': its first 200 documents are all rejected as {words}; "
        "set its `text_field` to the field that holds the text"
    )


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.jsonl", b'{"text"\n' * 200, "invalid_json"),
        ("a.jsonl", b"\xff\xfd\xfe\n" * 200, "invalid_encoding"),
        ("a.jsonl", b'{"text": " "}\n' * 200, "empty"),
        ("a.warc", record(http(b"\x89PNG", "Content-Type: image/png")) * 200, "not_a_page"),
    ],
)
def test_any_one_reason_stops_the_run(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    with pytest.raises(
        ManifestError, match=f"first 200 documents are all rejected as {reason} .*look at its"
    ):
        read(tmp_path, name, data)


def test_fewer_documents_or_a_second_reason_or_one_that_is_kept_do_not(tmp_path: Path) -> None:
    bad = "\n".join(LINES[:199])
    good = json.dumps({"text": "Flat is better than nested."})
    assert len(read(tmp_path, "a.jsonl", bad.encode()).rejected) == 199
    assert read(tmp_path, "a.jsonl", f"{bad}\n{good}".encode()).texts == ["Flat is better than nested."]
    assert len(read(tmp_path, "a.jsonl", f"{bad}\nnull\n{bad}".encode()).rejected) == 399
    assert read(tmp_path, "a.jsonl", "\n".join([good, *LINES]).encode()).texts
    assert read(tmp_path, "a.jsonl", "\n".join(LINES).encode(), text_field="body").texts


def test_documents_are_counted_over_files_and_the_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(20):
        (tmp_path / "in" / f"{number:02}.jsonl").write_text("\n".join(LINES[:10]))
    (tmp_path / "good.jsonl").write_text('{"text": "Sparse is better than dense."}')
    good = {"name": "good", "path": "good.jsonl", "format": "jsonl"}
    with pytest.raises(ManifestError, match="source 'bad': its first 200 documents"):
        ingest(tmp_path, good, {"name": "bad", "path": "in", "format": "jsonl"}, part_bytes=500)
    assert not list((tmp_path / "runs" / "ingest").glob("part-*")), "nothing was read but the beginning"
