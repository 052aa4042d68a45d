"""Manifests of a run that somebody else made: what is no JSON that can be used is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.border.json_files import read_json, read_object
from manifests.border.unsound_file import UnsoundFileError
from manifests.check import check
from manifests.schema.base import ManifestError, load
from manifests.schema.redaction import Redaction
from manifests.schema.steps import StepManifest

HOSTILE = {
    "deep list": "[" * 100_000,
    "deep object": '{"a":' * 100_000,
    "long number": '{"documents_in": ' + "1" * 5_000 + "}",
    "half a character": '{"a": {"b": ["\\uD800"]}}',
    "half a character in a key": '{"x\\udfff": 1}',
    "not UTF-8": b'{"a": "\xed\xa0\x80"}',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("kind", [StepManifest, Redaction])
def test_a_manifest_is_refused_in_one_line(tmp_path: Path, kind: type, content: str | bytes) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ManifestError, match=r"manifest\.json: not readable as JSON: .") as told:
        load(path, kind)
    assert str(told.value).isprintable()


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_file_of_a_run_is_refused_alike(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "any.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    for read in (read_json, read_object):
        with pytest.raises(UnsoundFileError, match=r"any\.json: not readable as JSON"):
            read(path)


def test_a_pair_of_surrogates_is_a_character(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": "\\ud83d\\ude00 \\\\ud800"}')
    assert read_object(tmp_path / "a.json") == {"a": "😀 \\ud800"}


@pytest.mark.parametrize("text", ["a: " + "[" * 200_000, "- " * 100_000, "? " * 9_000, "{b: " * 9_000])
def test_a_manifest_in_yaml_that_is_too_deep_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    for read in (check, lambda path: load(path, Redaction)):
        with pytest.raises(ManifestError, match=r"a\.yaml: not readable as YAML: .*more than 200 deep"):
            read(tmp_path / "a.yaml")


@pytest.mark.parametrize("kind", ["[step]", "{a: b}", "1", ""])
def test_a_kind_that_is_no_name_is_one_line(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.yaml").write_text(f"kind: {kind}")
    with pytest.raises(ManifestError, match="is not a kind of manifest"):
        check(tmp_path / "a.yaml")
