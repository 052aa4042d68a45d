"""Where files come from: folders, links, URLs of any file system; and their hashes."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import fsspec
import pytest
from pydantic import ValidationError

from manifests.files import sha256
from manifests.schema.base import ManifestError
from manifests.schema.sources import Source
from pipeline.readers.input_files import InputFile
from pipeline.steps.ingest.find_files import find_files
from pipeline.steps.ingest.ingest_step import IngestStep
from tests.pipeline.steps.ingest.run import context, corpus, ingest


def test_empty_files_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(b"text")
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b""))
    found = ingest(
        tmp_path,
        {"name": "s", "path": ".", "format": "text", "include": ["*.txt"]},
        {"name": "j", "path": "c.jsonl.gz", "format": "jsonl"},
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
def test_a_source_without_files_names_the_fix(
    tmp_path: Path, source: dict[str, object], message: str
) -> None:
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(ManifestError, match=message):
        ingest(tmp_path, {"name": "s", "path": ".", "format": "text", **source})


@pytest.mark.parametrize(
    ("include", "exclude", "names"),
    [
        ("**/*", "build/**", ["a.txt", "docs/build.txt"]),
        ("**/*", "build", ["a.txt", "docs/build.txt"]),
        ("**/*", "build/", ["a.txt", "docs/build.txt"]),
        ("**/*", "**/sub", ["a.txt", "build/b.txt", "docs/build.txt"]),
        ("**/*", "*/*.txt", ["a.txt", "build/sub/c.txt"]),
        ("docs/**", "nothing", ["docs/build.txt"]),
        ("**", "build/sub/*", ["a.txt", "build/b.txt", "docs/build.txt"]),
    ],
)
def test_a_pattern_that_matches_a_folder_is_meant_for_all_below_it(
    tmp_path: Path, include: str, exclude: str, names: list[str]
) -> None:
    memory = fsspec.filesystem("memory")
    for name in ("a.txt", "build/b.txt", "build/sub/c.txt", "docs/build.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
        memory.pipe(f"/patterns/{name}", b"x")
    for path in (str(tmp_path), "memory://patterns"):
        source = Source.model_validate(
            {"name": "s", "path": path, "format": "text", "include": [include], "exclude": [exclude]}
        )
        assert [name for name, _ in find_files(source, tmp_path).files] == names


@pytest.mark.parametrize(
    "wrong",
    [
        {"include": ["/etc/*"]},
        {"exclude": ["../*"]},
        {"include": [""]},
        {"exclude": ["**.txt"]},
        {"strip": ["(a"]},
    ],
)
def test_a_pattern_that_cannot_work_is_refused_with_the_manifest(wrong: dict[str, list[str]]) -> None:
    (key,) = wrong
    with pytest.raises(ValidationError, match=key):
        Source.model_validate({"name": "s", "path": ".", "format": "text"} | wrong)


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


def test_links_that_lead_nowhere_and_folders_with_names_of_files_are_counted_and_passed_over(
    tmp_path: Path,
) -> None:
    (tmp_path / "own.txt").write_text("own")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    (tmp_path / "folder.txt").mkdir()
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt"]})
    assert found.texts == ["own"]
    assert (found.metrics["files/found"], found.metrics["files/link_broken"]) == (1, 1)


def test_a_name_that_is_not_utf_8_is_shown_by_its_bytes(tmp_path: Path) -> None:
    # As archives made on a Chinese Windows unpack.
    (tmp_path / os.fsdecode("中.txt".encode("gb18030"))).write_text("道可道，非常道。", encoding="utf-8")
    (tmp_path / "第二章.txt").write_text("天下皆知美之为美。", encoding="utf-8")
    for document in ("file", "line"):
        source = {"name": "s", "path": ".", "format": "text", "include": ["*.txt"], "document": document}
        found = ingest(tmp_path, source)
        assert found.texts == ["天下皆知美之为美。", "道可道，非常道。"]
        names = [name.partition("#")[0] for name in found.kept.column("id").to_pylist()]
        assert names == ["s:第二章.txt", r"s:\xd6\xd0.txt"]
    here = context(tmp_path, corpus(source))
    assert list(IngestStep().inputs(here)) == ["s/第二章.txt", r"s/\xd6\xd0.txt"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("text")
    here = context(tmp_path, corpus({"name": "s", "path": "a.txt", "format": "text"}))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(InputFile, "open", refuse)
    with pytest.raises(
        ManifestError, match=r"a\.txt cannot be read .*Permission denied.*; make it readable or leave it out"
    ):
        IngestStep().inputs(here)


@pytest.fixture
def bucket() -> str:
    """The URL of a folder in memory that holds a line file, a compressed one, and a hidden one."""
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/one/a.jsonl", b'{"text": "first"}\n{"text": "second"}\n' * 50)
    memory.pipe("/bucket/one/deep/b.jsonl.gz", gzip.compress('{"text": "道可道"}\n'.encode()))
    memory.pipe("/bucket/one/.hidden/c.jsonl", b'{"text": "hidden"}\n')
    memory.pipe("/bucket/one/skip/d.jsonl", b'{"text": "skipped"}\n')
    memory.pipe("/bucket/one/e.txt", b"other")
    return "memory://bucket/one"


def test_a_url_is_read_like_a_folder(tmp_path: Path, bucket: str) -> None:
    source = {"name": "s", "format": "jsonl", "include": ["**/*.jsonl*"], "exclude": ["skip/*"]}
    memory = fsspec.filesystem("memory")
    for name in memory.find("/bucket/one"):
        path = tmp_path / "copy" / name.removeprefix("/bucket/one/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(memory.cat_file(name))
    remote = ingest(tmp_path, source | {"path": bucket}, part_bytes=500)
    assert (remote.parts, remote.metrics["files/found"]) == (4, 2)
    assert remote.kept.column("id").to_pylist()[-1] == "s:deep/b.jsonl.gz#0"
    assert remote.kept.equals(ingest(tmp_path, source | {"path": "copy"}, part_bytes=500).kept)
    assert remote.kept.equals(
        ingest(tmp_path, source | {"path": f"file://{tmp_path}/copy"}, part_bytes=500).kept
    )


def test_a_url_of_one_file(tmp_path: Path, bucket: str) -> None:
    found = ingest(tmp_path, {"name": "s", "path": f"{bucket}/e.txt", "format": "text"})
    assert (found.texts, found.kept.column("id").to_pylist()) == (["other"], ["s:e.txt"])


def test_hashes_of_urls_are_remembered_by_their_stamp(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = context(tmp_path, corpus({"name": "s", "path": f"{bucket}/e.txt", "format": "text"}))
    first = IngestStep().inputs(here)
    with monkeypatch.context() as patch:
        patch.setattr(
            "pipeline.steps.ingest.input_hashes._sha256",
            lambda file: pytest.fail(f"{file.location} was read again"),
        )
        assert IngestStep().inputs(here) == first
    fsspec.filesystem("memory").pipe("/bucket/one/e.txt", b"OTHER")
    assert IngestStep().inputs(here) != first


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("memory://bucket/nowhere", "memory://bucket/nowhere does not exist; correct its `path`"),
        ("memory://bucket/one", r"no file below memory://bucket/one matches .*md.*; correct `include`"),
        ("nosuch://bucket/one", "nosuch://bucket/one cannot be listed .*nosuch.*fsspec driver"),
    ],
)
def test_a_url_without_files_names_the_fix(tmp_path: Path, bucket: str, path: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        ingest(tmp_path, {"name": "s", "path": path, "format": "text", "include": ["*.md"]})
