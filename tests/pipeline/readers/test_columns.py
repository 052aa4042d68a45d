"""Parquet and Arrow files: the same documents whatever the types of the columns and however the file is
cut."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from pipeline.readers import columns
from pipeline.readers.columns import only_damage
from tests.pipeline.steps.ingest.run import Ingested, ingest
from tests.pipeline.steps.ingest.samples import LAOZI, ROWS, parquet, strings

TEXTS = [*(f"{number} {row}" for number in range(300) for row in ROWS), LAOZI]
TABLE = pa.table(
    {
        "body": TEXTS,
        "id": range(len(TEXTS)),
        "url": [None, *(f"https://example.org/{number}" for number in range(1, len(TEXTS)))],
        "rights": ["PSF-2.0"] * len(TEXTS),
        "other": [{"deep": [1, 2]}] * len(TEXTS),
    }
)
FIELDS = {"text_field": "body", "license_field": "rights", "license": "MIT"}


def _ipc(table: pa.Table, new: Callable[..., Any], rows: int) -> bytes:
    sink = io.BytesIO()
    with new(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue()


def _feather(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    feather.write_feather(table, sink, compression="zstd", chunksize=100)
    return sink.getvalue()


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=100, compression="zstd")
    return sink.getvalue()


WRITERS: dict[str, tuple[str, Callable[[pa.Table], bytes]]] = {
    "a.parquet": ("parquet", _parquet),
    "a.arrow": ("arrow", lambda table: _ipc(table, pa.ipc.new_file, 100)),
    "b.arrow": ("arrow", lambda table: _ipc(table, pa.ipc.new_stream, 100)),
    "a.feather": ("arrow", _feather),
}


def _read(folder: Path, name: str, table: pa.Table = TABLE, **settings: int) -> Ingested:
    form, write = WRITERS[name]
    (folder / name).write_bytes(write(table))
    return ingest(folder, {"name": "s", "path": name, "format": form, **FIELDS}, **settings)


@pytest.mark.parametrize("name", WRITERS)
def test_a_row_is_a_document(tmp_path: Path, name: str) -> None:
    found = _read(tmp_path, name)
    assert found.texts == TEXTS
    assert found.kept.column("url").to_pylist() == TABLE.column("url").to_pylist()
    assert set(found.kept.column("license").to_pylist()) == {"PSF-2.0"}
    assert [json.loads(meta)["id"] for meta in found.kept.column("meta").to_pylist()] == list(
        range(len(TEXTS))
    )
    assert found.kept.column("id")[201].as_py() == f"s:{name}#{'201' if name.endswith('parquet') else '2.1'}"


@pytest.mark.parametrize("name", WRITERS)
def test_parts_do_not_change_rows(tmp_path: Path, name: str) -> None:
    whole, cut = _read(tmp_path, name), _read(tmp_path, name, part_bytes=8000)
    assert cut.kept.equals(whole.kept)
    assert (cut.parts > 3) == (name != "b.arrow"), "a stream can only be read from its beginning"


@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.string_view(),
        pa.binary_view(),
    ],
)
@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_every_type_of_text(tmp_path: Path, name: str, kind: pa.DataType) -> None:
    if name == "a.parquet" and kind == pa.dictionary(pa.int32(), pa.string()):
        kind = pa.string()
    table = TABLE.set_column(0, "body", TABLE.column("body").cast(kind))
    assert _read(tmp_path, name, table).texts == TEXTS


def test_large_batches_are_halved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_MAX_BYTES", 1000)
    assert _read(tmp_path, "a.feather").texts == TEXTS


def test_nulls_among_texts_and_what_is_not_utf8_beside_them(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["one", None, "three"],
            "url": strings(b"u", b"\xff", b"\xfe"),
            "id": [None, "b", "c"],
            "license": [1, 2, 3],
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    (tmp_path / "a.parquet").write_bytes(sink.getvalue())
    found = ingest(tmp_path, {"name": "s", "path": "a.parquet", "format": "parquet", "license": "MIT"})
    assert found.texts == ["one", "three"]
    assert found.kept.column("url").to_pylist() == ["u", None]
    assert found.kept.column("meta").to_pylist() == [None, '{"id":"c"}']
    assert found.kept.column("license").to_pylist() == ["MIT", "MIT"]
    assert found.reasons == [("s:a.parquet#1", "missing_text")]
    assert json.loads(found.rejected.column("text")[0].as_py())["id"] == "b"


def test_files_without_rows_hold_no_documents(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(parquet(pa.array([], pa.string())))
    (tmp_path / "b.parquet").write_bytes(parquet(pa.array(ROWS)))
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "parquet", "include": ["*.parquet"]})
    assert (found.texts, len(found.rejected)) == (list(ROWS), 0)


def test_a_network_that_fails_is_no_damaged_file() -> None:
    only_damage(pa.ArrowInvalid("bad magic"))
    only_damage(OSError("Couldn't deserialize thrift"))
    for error in (
        ConnectionResetError(),
        TimeoutError(),
        OSError(5, "Input/output error"),
        PermissionError(),
    ):
        with pytest.raises(type(error)):
            only_damage(error)
