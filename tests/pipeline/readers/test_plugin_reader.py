"""Readers of the user's own: their documents are repaired, hashed and rejected as all others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xxhash
from pydantic import ValidationError

from manifests.plugins import PluginError, resolve
from manifests.schema.plugins import READERS_GROUP
from manifests.schema.sources import Source
from pipeline.readers.input_files import InputFile
from pipeline.readers.plugin_reader import read_with_plugin
from pipeline.steps.ingest.ingest_step import IngestStep
from tests.pipeline.plugins import LETTERS, write_plugin
from tests.pipeline.steps.ingest.run import context, corpus, ingest

TABLE = """number;author;url;body
1;Tim Peters;https://peps.python.org/pep-0020/;Beautiful is better than ugly.
2;someone;;SchÃ¶ne GrÃ¼ÃŸe aus ZÃ¼rich
3;nobody;;
"""
SOURCE = {
    "name": "letters",
    "path": "table.csv",
    "format": "letters:read_csv",
    "settings": {"delimiter": ";"},
    "license": "PSF-2.0",
}


def source(**changes: Any) -> Source:
    return Source.model_validate(SOURCE | changes)


def rows(folder: Path, code: str, **changes: Any) -> list[dict[str, Any]]:
    """RAW rows of what a reader yields."""
    write_plugin(folder, "yields", f"import pyarrow as pa\ndef read(file, settings):\n{code}\n")
    (folder / "a").write_text("a")
    plugin = resolve("yields:read", READERS_GROUP, folder)
    found = read_with_plugin(plugin, source(**changes), InputFile.of(folder / "a"), "a", 20)
    return [row for batch in found for row in batch.to_pylist()]


def test_its_documents_are_documents(tmp_path: Path) -> None:
    write_plugin(tmp_path, "letters", LETTERS)
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    found = ingest(tmp_path, SOURCE)
    first, second = found.kept.to_pylist()
    assert first == {
        "id": "letters:table.csv#0",
        "text": "Beautiful is better than ugly.",
        "source": "letters",
        "url": "https://peps.python.org/pep-0020/",
        "license": "PSF-2.0",
        "hash": xxhash.xxh3_128_digest(b"Beautiful is better than ugly."),
        "meta": first["meta"],
    }
    assert json.loads(first["meta"]) == {"author": "Tim Peters", "id": "1"}
    assert second["text"] == "Schöne Grüße aus Zürich", "mojibake is repaired"
    assert found.reasons == [("letters:table.csv#2", "empty")]


def test_its_code_and_settings_decide_the_step(tmp_path: Path) -> None:
    write_plugin(tmp_path, "letters", LETTERS)
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    here = context(tmp_path, corpus(SOURCE))
    before = IngestStep().inputs(here)
    assert set(before) == {"letters/table.csv", "letters:read_csv"}
    write_plugin(tmp_path, "letters", LETTERS + "\n")
    assert IngestStep().inputs(here)["letters:read_csv"] != before["letters:read_csv"]
    settings = IngestStep().settings(here.corpus)["sources"][0]
    assert (settings["format"], settings["settings"]) == ("letters:read_csv", {"delimiter": ";"})


def test_settings_of_other_sources_are_as_before() -> None:
    manifest = corpus({"name": "s", "path": ".", "format": "text"})
    assert "settings" not in IngestStep().settings(manifest)["sources"][0]
    with pytest.raises(ValidationError, match="settings are for readers of your own; text has none"):
        corpus({"name": "s", "path": ".", "format": "text", "settings": {"a": 1}})


def test_record_batches_are_read_by_their_columns(tmp_path: Path) -> None:
    code = '    yield pa.record_batch({"body": ["one", None], "id": [7, 8]})\n    yield {"body": "two"}'
    found = rows(tmp_path, code, text_field="body")
    assert [(row["key"], row["text"], row["reason"]) for row in found] == [
        ("a#0", b"one", None),
        ("a#1", b'{"body":null,"id":8}', "missing_text"),
        ("a#2", b"two", None),
    ]
    assert found[0]["meta"] == '{"id":7}'


def test_rows_without_a_text_are_rejects(tmp_path: Path) -> None:
    found = rows(tmp_path, '    yield {"title": "one"}\n    yield {"text": 5}')
    assert [(row["text"], row["reason"], row["detail"]) for row in found] == [
        (b'{"title":"one"}', "missing_text", "no field 'text'; found title"),
        (b'{"text":5}', "text_not_a_string", "field 'text' is int, not a string; found text"),
    ]


def test_a_long_text_is_cut_and_its_size_kept(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, '    yield {"text": "0123456789" * 3}')
    assert (row["text"], row["size"]) == (b"01234567890123456789", 30)


def test_a_row_that_is_neither_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="plug-in yields:read: yielded str for a; yield dictionaries or"):
        rows(tmp_path, "    yield 'text'")


def test_an_error_behind_the_first_row_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        rows(tmp_path, "    yield {'text': 'one'}\n    yield {}['two']")
    assert str(caught.value) == (
        f"{tmp_path}/yields.py:4: plug-in yields:read failed at {tmp_path}/a: KeyError: 'two'"
    )


def test_an_unknown_format_names_those_that_there_are() -> None:
    with pytest.raises(
        ValidationError, match=r"'jsnol' is not a format; known are jsonl, .* in openba.readers"
    ):
        source(format="jsnol")
