"""Values in one another: a line of 540 bytes is a document or a reject, and never ends the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.readers.json_values import DEEPEST, NestedTooDeepError, dump, shown
from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import ROWS

DEEP = {
    "lists": b"[" * 300 + b"]" * 300,
    "as many lists as the parser takes": b"[" * 1000 + b"]" * 1000,
    "objects": b'{"a":' * 300 + b"1" + b"}" * 300,
    "objects in lists": b'[{"a":' * 200 + b"1" + b"}]" * 200,
    "an empty one inside": b"[" * 255 + b"{}" + b"]" * 255,
}


def read(folder: Path, name: str, data: bytes, **keys: Any) -> tuple[list[str], list[str]]:
    """Texts, and reasons of the rejects."""
    (folder / name).write_bytes(data)
    found = ingest(folder, {"name": "s", "path": name, "format": "jsonl", **keys})
    return found.texts, [reason for _, reason in found.reasons]


def line(field: bytes, value: bytes, text: bytes = b"Readability counts.") -> bytes:
    return b'{"text": "%b", "%b": %b}\n' % (text, field, value)


@pytest.mark.parametrize("kind", DEEP)
def test_a_deep_field_that_is_kept_costs_its_line(tmp_path: Path, kind: str) -> None:
    good = json.dumps({"text": ROWS[0]}).encode() + b"\n"
    for keys in ({"keep_fields": ["own"]}, {"keep_fields": ["*"]}, {"id_field": "own"}):
        found = read(tmp_path, "a.jsonl", good + line(b"own", DEEP[kind]) + good, **keys)
        assert found == ([ROWS[0]] * 2, ["nested_too_deep"])


@pytest.mark.parametrize("kind", DEEP)
def test_a_deep_field_that_is_not_kept_costs_nothing(tmp_path: Path, kind: str) -> None:
    assert read(tmp_path, "a.jsonl", line(b"own", DEEP[kind])) == ([ROWS[2]], [])


@pytest.mark.parametrize("kind", DEEP)
def test_half_an_emoji_beside_a_deep_field(tmp_path: Path, kind: str) -> None:
    text = b"Readability counts, in every language that people write: \\\\ud83d"
    data = line(b"own", DEEP[kind], text.replace(b"\\\\", b"\\"))
    assert read(tmp_path, "a.jsonl", data, keep_fields=["own"])[1] in (["nested_too_deep"], ["invalid_json"])


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("around", [b"%b", b'[{"text": "Readability counts."}, %b]', b'{"text": %b}'])
def test_a_whole_file_of_deep_values(tmp_path: Path, kind: str, around: bytes) -> None:
    texts, reasons = read(tmp_path, "a.json", around % DEEP[kind])
    assert texts == ([ROWS[2]] if around.startswith(b"[") and reasons != ["invalid_json"] else [])
    assert set(reasons) <= {"not_an_object", "missing_text", "text_not_a_string", "invalid_json"}
    assert len(reasons) == 1


@pytest.mark.parametrize("brackets", [b"[", b'{"a":', b"[{", b'[[{"a":[', b'"', b"\\"])
def test_brackets_that_are_never_closed(tmp_path: Path, brackets: bytes) -> None:
    assert read(tmp_path, "a.jsonl", b'{"text": ' + brackets * 100_000 + b"\n") == ([], ["invalid_json"])
    assert read(tmp_path, "a.json", brackets * 100_000)[1] == ["invalid_json"]


@pytest.mark.parametrize(
    "number", [b"9" * 5000, b"-" + b"9" * 5000, b"1e" + b"9" * 5000, b"9" * 5000 + b".5"]
)
def test_numbers_of_thousands_of_digits(tmp_path: Path, number: bytes) -> None:
    assert read(tmp_path, "a.jsonl", line(b"id", number)) == ([], ["invalid_json"])


def test_columns_of_deep_lists_cost_their_rows(tmp_path: Path) -> None:
    value: Any = 1
    kind = pa.int64()
    for _ in range(60):
        value, kind = [value], pa.list_(kind)
    table = pa.table({"text": pa.array(ROWS), "own": pa.array([value] * len(ROWS), kind)})
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema) as writer:
        writer.write_table(table)
    found = ingest(tmp_path, {"name": "s", "path": "a.arrow", "format": "arrow", "keep_fields": ["own"]})
    assert (tuple(found.texts), found.reasons) == (ROWS, [])


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def test_what_is_shown_of_a_deep_value_is_its_outside() -> None:
    assert json.loads(shown(nested(3))) == nested(3)
    cut = shown(nested(3000))
    assert cut == b"[" * DEEPEST + b'"..."' + b"]" * DEEPEST
    with pytest.raises(NestedTooDeepError, match=f"nested more than {DEEPEST} deep"):
        dump(nested(3000))
