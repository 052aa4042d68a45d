"""What may be a source's path, of documents and of instruction pairs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from manifests.schema.instructions import InstructionSource
from manifests.schema.sources import Source


def documents(path: str) -> Source:
    return Source(name="s", path=path, format="text")


def instructions(**changes: Any) -> InstructionSource:
    template = {"name": "t", "prompt": "{text}", "target": "x"}
    content = {"name": "s", "path": ".", "format": "jsonl", "language": "en", "templates": [template]}
    return InstructionSource.model_validate(content | changes)


@pytest.mark.parametrize(
    "path",
    ["a", "../a", "/a", "file:///a", "s3://b/k", "simplecache::s3://b/k", "filecache::https://h/k?a=b"],
)
def test_documents_come_from_here_or_from_one_place_elsewhere(path: str) -> None:
    assert documents(path).path == path


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a\0b", "holds no NUL"),
        ("~/corpus", "~ is no folder here"),
        ("local:///etc/passwd", "local:// is this machine; write a path"),
        ("simplecache::file:///etc/passwd", "file:// is this machine"),
        ("simplecache::local:///etc/passwd", "local:// is this machine"),
        ("zip://*.txt::s3://b/k.zip", "cannot stand before another URL; only simplecache, filecache can"),
        ("zip://inner.zip", "zip:// is not read: what is in it leads to other files"),
        ("tar://a.txt::https://h/a.tar", "cannot stand before another URL"),
        ("reference://::https://h/refs.json", "cannot stand before another URL"),
        ("reference:///refs.json", "reference:// is not read"),
        ("dir::file:///etc", "cannot stand before another URL"),
        ("s3://b/k::file:///etc/passwd", "cannot stand before another URL"),
        ("simplecache::zip://a::s3://b/k", "cannot stand before another URL"),
        ("FILE:///etc/passwd", "FILE:// is not read"),
        ("simplecache://a::s3://b/k", "cannot stand before another URL"),
    ],
)
def test_a_path_that_would_lead_past_the_checks_is_refused(path: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        documents(path)


def test_a_refused_chain_does_not_tell_its_credentials() -> None:
    with pytest.raises(ValidationError) as error:
        documents("zip://a?token=hunter2hunter2::https://h/a.zip")
    assert "hunter2hunter2" not in str(error.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "s3://b/k"}, "is a URL; instruction sources are files of this machine"),
        ({"path": "simplecache::file:///etc"}, "is a URL"),
        ({"path": "~/pairs"}, "~ is no folder here"),
        ({"path": "a\0"}, "holds no NUL"),
        ({"include": ["../*.jsonl"]}, "matches nothing below the source's path"),
        ({"include": ["/etc/*"]}, "matches nothing below the source's path"),
        ({"include": ["sub/../../*"]}, "matches nothing below the source's path"),
        ({"files": {"good": "../pos.txt"}}, "is no file below the source's path"),
        ({"files": {"good": "/etc/passwd"}}, "is no file below the source's path"),
        ({"files": {"good": "a/../../pos.txt"}}, "is no file below the source's path"),
        ({"files": {"good": ""}}, "is no file below the source's path"),
        ({"files": {"good": "a\0b"}}, "holds no NUL"),
    ],
)
def test_instruction_sources_stay_below_their_path(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        instructions(**changes)


def test_a_manifest_that_is_written_down_holds_no_credentials() -> None:
    path = "https://u:hunter2@h.example/k.jsonl?X-Amz-Signature=hunter2&part=1"
    source = Source(
        name="s", path=path, format="reader:read", settings={"storage_options": {"secret": "hunter2"}}
    )
    assert (source.path, source.settings["storage_options"]) == (path, {"secret": "hunter2"})
    assert "hunter2" not in source.model_dump_json()
    assert source.model_dump()["path"] == "https://***@h.example/k.jsonl?X-Amz-Signature=***&part=1"
