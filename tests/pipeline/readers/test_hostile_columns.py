"""Columns whose offsets, views or indices lead out of their buffers: told, and never followed."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import ROWS

HOSTILE = Path(__file__).parents[4] / "shared" / "cases" / "hostile"


def offsets(*numbers: int) -> pa.Array:
    buffers = [None, pa.array(numbers, pa.int32()).buffers()[1], pa.py_buffer(b"abcd")]
    return pa.Array.from_buffers(pa.string(), len(numbers) - 1, buffers)


def indices(*numbers: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(numbers, pa.int32()), pa.array([ROWS[0], ROWS[1]]), safe=False
    )


def views(offset: int) -> pa.Array:
    view = (40).to_bytes(4, "little") + b"Flat" + bytes(4) + offset.to_bytes(4, "little", signed=True)
    return pa.Array.from_buffers(
        pa.string_view(), 1, [None, pa.py_buffer(view), pa.py_buffer(b"Flat is better than nested.")]
    )


def views_with_a_null(offset: int) -> pa.Array:
    """Three views, the second of which is null and leads out of the buffer."""
    null = (-(1 << 24)).to_bytes(4, "little", signed=True) + bytes(8) + offset.to_bytes(4, "little")
    data = (27).to_bytes(4, "little") + b"Flat" + bytes(8)
    text = pa.py_buffer(b"Flat is better than nested.")
    valid = pa.array([True, False, True]).buffers()[1]
    return pa.Array.from_buffers(pa.string_view(), 3, [valid, pa.py_buffer(data + null + data), text])


BAD = {
    "offsets beyond": offsets(0, 1 << 30, 4),
    "offsets that go back": offsets(0, 3, 1, 4),
    "negative offsets": offsets(0, -1 << 20, 4),
    "indices beyond": indices(99_999_999),
    "negative indices": indices(-5),
    "views beyond": views(1 << 30),
    "negative views": views(-(1 << 30)),
}


def written(folder: Path, table: pa.RecordBatch) -> dict[str, str]:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_batch(table)
    (folder / "a.arrow").write_bytes(sink.getvalue())
    return {"name": "s", "path": "a.arrow", "format": "arrow"}


@pytest.mark.parametrize("kind", BAD)
def test_a_text_that_leads_out_of_its_buffer_is_a_reject(tmp_path: Path, kind: str) -> None:
    found = ingest(tmp_path, written(tmp_path, pa.record_batch({"text": BAD[kind]})))
    assert found.reasons == [("s:a.arrow#0", "corrupt_arrow")]


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("text", [ROWS[0], None])
def test_another_column_that_does_costs_no_text(tmp_path: Path, kind: str, text: str | None) -> None:
    rows = len(BAD[kind])
    batch = pa.record_batch({"text": pa.array([text] * rows, pa.string()), "id": BAD[kind], "own": BAD[kind]})
    source = written(tmp_path, batch)
    for keep in ([], ["own"]):
        found = ingest(tmp_path, {**source, "keep_fields": keep})
        assert set(found.kept.column("url").to_pylist()) <= {None}
        assert found.texts == [text] * rows * (text is not None)
        assert [reason for _, reason in found.reasons] == ["missing_text"] * rows * (text is None)
        shown = found.kept.column("meta").to_pylist() + found.rejected.column("text").to_pylist()
        assert "<unreadable " in shown[0]


@pytest.mark.parametrize("to", [1 << 30, -1, 0])
def test_a_list_that_leads_out_of_its_buffer_costs_no_text(tmp_path: Path, to: int) -> None:
    source = written(tmp_path, pa.record_batch({"text": [ROWS[0], None, ROWS[1]], "own": [[7], [8], [9]]}))
    data, ends = (tmp_path / "a.arrow").read_bytes(), pa.array([0, 1, 2, 3], pa.int32()).buffers()[1]
    wrong = pa.array([0, 1, to, 3], pa.int32()).buffers()[1]
    assert data.count(ends.to_pybytes()) == 1
    (tmp_path / "a.arrow").write_bytes(data.replace(ends.to_pybytes(), wrong.to_pybytes()))
    found = ingest(tmp_path, {**source, "keep_fields": ["own"]})
    assert found.texts == [ROWS[0], ROWS[1]]
    assert found.reasons == [("s:a.arrow#0.1", "missing_text")]
    assert "<unreadable list" in found.kept.column("meta")[0].as_py()


@pytest.mark.parametrize("offset", [0, 1 << 30])
def test_a_view_of_a_null_is_not_followed(tmp_path: Path, offset: int) -> None:
    column = views_with_a_null(offset)
    found = ingest(tmp_path, written(tmp_path, pa.record_batch({"text": column, "id": column})))
    assert found.texts == ["Flat is better than nested."] * 2
    assert found.reasons == [("s:a.arrow#0.1", "missing_text")]


@pytest.mark.parametrize("form", ["arrow", "parquet"])
@pytest.mark.parametrize("name", ["text", "own"])
def test_a_column_whose_name_is_no_utf8_is_damage(tmp_path: Path, form: str, name: str) -> None:
    source = written(tmp_path, pa.record_batch({"text": [ROWS[0]], "own": [ROWS[1]]}))
    if form == "parquet":
        pq.write_table(
            pa.table({"text": [ROWS[0]], "own": [ROWS[1]]}), tmp_path / "a.arrow", store_schema=False
        )
    data = (tmp_path / "a.arrow").read_bytes()
    (tmp_path / "a.arrow").write_bytes(data.replace(name.encode(), b"\xab" + name[1:].encode()))
    found = ingest(tmp_path, {**source, "format": form, "keep_fields": ["*"]})
    assert found.texts == []
    assert [reason for _, reason in found.reasons] == [f"corrupt_{form}"]


@pytest.mark.skipif(not HOSTILE.exists(), reason="the cases are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "kept", "reason"),
    [
        ("dictval", 0, "corrupt_arrow"),
        ("view", 0, "corrupt_arrow"),
        ("nulltext", 2, "missing_text"),
        ("id", 4, None),
        ("idneg", 4, None),
    ],
)
def test_files_that_ended_a_worker_do_not(tmp_path: Path, name: str, kept: int, reason: str | None) -> None:
    (tmp_path / "a.arrow").write_bytes((HOSTILE / f"{name}.arrow").read_bytes())
    found = ingest(tmp_path, {"name": "s", "path": "a.arrow", "format": "arrow", "keep_fields": ["*"]})
    assert len(found.texts) == kept
    assert {found for _, found in found.reasons} == ({reason} if reason else set())
