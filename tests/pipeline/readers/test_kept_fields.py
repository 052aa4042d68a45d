"""Fields of the user's own: they come through in ``meta``, with the types that they have."""

from __future__ import annotations

import datetime
import decimal
import io
import json
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from pipeline.readers.json_values import dump
from tests.pipeline.steps.ingest.run import corpus, ingest
from tests.pipeline.steps.ingest.samples import strings

RECORD = {
    "text": "one",
    "id": 7,
    "url": "https://example.org/",
    "score": 0.5,
    "tags": ["a", "道"],
    "deep": {"n": None, "yes": True},
    "empty": None,
    "count": 12,
}
TABLE = pa.table({name: [value] for name, value in RECORD.items()})


def metas(folder: Path, form: str, table: pa.Table = TABLE, **source: Any) -> list[Any]:
    sink = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, sink)
    elif form == "arrow":
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    else:
        sink.write(b"\n".join(orjson.dumps(row) for row in table.to_pylist()))
    (folder / f"a.{form}").write_bytes(sink.getvalue())
    found = ingest(folder, {"name": "s", "path": f"a.{form}", "format": form, **source})
    assert not len(found.rejected)
    return [meta and json.loads(meta) for meta in found.kept.column("meta").to_pylist()]


FORMS = pytest.mark.parametrize("form", ["jsonl", "parquet", "arrow"])


@FORMS
def test_chosen_fields_keep_their_types(tmp_path: Path, form: str) -> None:
    (meta,) = metas(tmp_path, form, keep_fields=["score", "tags", "deep", "empty", "absent"])
    assert meta == {"id": 7} | {name: RECORD[name] for name in ("score", "tags", "deep", "empty")}
    assert isinstance(meta["score"], float)


@FORMS
def test_a_star_is_all_that_have_no_place_of_their_own(tmp_path: Path, form: str) -> None:
    (meta,) = metas(tmp_path, form, keep_fields=["*"])
    assert meta == {name: value for name, value in RECORD.items() if name not in ("text", "url")}
    (meta,) = metas(tmp_path, form, keep_fields=["*", "url"])
    assert meta == {name: value for name, value in RECORD.items() if name != "text"}


@FORMS
def test_none_are_kept_that_nobody_chose(tmp_path: Path, form: str) -> None:
    assert metas(tmp_path, form) == [{"id": 7}]
    assert metas(tmp_path, form, id_field="none") == [None]
    assert metas(tmp_path, form, id_field="none", keep_fields=["count"]) == [{"count": 12}]


@FORMS
def test_the_id_is_that_of_the_id_field(tmp_path: Path, form: str) -> None:
    assert metas(tmp_path, form, id_field="count", keep_fields=["*"])[0]["id"] == 12
    assert metas(tmp_path, form, id_field="absent", keep_fields=["id"]) == [{"id": 7}]


def test_what_json_has_no_type_for_is_a_text(tmp_path: Path) -> None:
    columns = {
        "when": [datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)],
        "day": [datetime.date(2024, 5, 1)],
        "price": [decimal.Decimal("1.50")],
        "bytes": [b"\xe9\x81\x93\xff"],
        "nan": [float("nan")],
        "pairs": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        "kind": pa.array(["x"]).dictionary_encode(),
    }
    for form in ("parquet", "arrow"):
        (meta,) = metas(tmp_path, form, pa.table({"text": ["one"], **columns}), keep_fields=["*"])
        assert meta == {
            "when": "2024-05-01T12:00:00+00:00",
            "day": "2024-05-01",
            "price": "1.50",
            "bytes": "道\ufffd",
            "nan": None,
            "pairs": [["a", 1]],
            "kind": "x",
        }


def test_a_field_in_no_charset_costs_no_document(tmp_path: Path) -> None:
    table = pa.table({"text": ["one", "two"], "title": strings(b"good", b"\xff")})
    found = metas(tmp_path, "parquet", table, keep_fields=["title"])
    assert found == [{"title": "good"}, {"title": "<unreadable string>"}]


def test_halves_and_large_numbers_are_written_as_json_can() -> None:
    assert dump({"a": "x\ud83d", 1: 2**80}) == '{"a":"x\ufffd","1":1.2089258196146292e+24}'


def test_readers_of_the_user_s_own_choose_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def read(file, settings):\n    yield {'text': 'one', 'n': 1, 'm': 2, 'meta': {'k': 3}, 'id': 'x\\ud83d', 'url': 'u\\ud83d'}\n"
    (tmp_path / "fields_reader.py").write_text(code)
    (tmp_path / "a.x").write_text("x")
    monkeypatch.syspath_prepend(tmp_path)
    source = {"name": "s", "path": "a.x", "format": "fields_reader:read"}
    found = ingest(tmp_path, {**source, "keep_fields": ["n"]})
    assert json.loads(found.kept.column("meta")[0].as_py()) == {"k": 3, "id": "x\ufffd", "n": 1}
    assert found.kept.column("url")[0].as_py().startswith("u\ufffd")
    found = ingest(tmp_path, {**source, "keep_fields": ["*"]})
    assert json.loads(found.kept.column("meta")[0].as_py()) == {"k": 3, "id": "x\ufffd", "n": 1, "m": 2}


@pytest.mark.parametrize("form", ["text", "tree", "html", "warc"])
def test_documents_without_fields_have_none_to_keep(form: str) -> None:
    with pytest.raises(ValidationError, match=f"documents of {form} have no fields"):
        corpus({"name": "s", "path": "a", "format": form, "keep_fields": ["x"]})
