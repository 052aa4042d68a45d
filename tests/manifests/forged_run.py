"""Changes a sound run folder, and makes its manifests agree with the change."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.files import sha256, write_json
from manifests.schema.steps import File, StepManifest
from tests.manifests.small_run import STEPS

Content = dict[str, Any]


def write_shards_step(folder: Path) -> None:
    content = json.loads((folder / "shards.json").read_text(encoding="utf-8"))
    files = [
        shard["file"]
        for group in ("sets", "heldout")
        for one in content[group].values()
        for shard in one["shards"]
    ]
    described = File(path="shards.json", sha256=sha256(folder / "shards.json"), bytes=0)
    manifest = StepManifest(
        step="shards", step_version=1, fingerprint="", input_sha256="", settings={}, documents_in=0, documents_kept=0, counts=(),
        metrics={}, parts=(), files=(*map(File.model_validate, files), described),
    )  # fmt: skip
    write_json(folder / "manifest.json", manifest.model_dump(mode="json"))


def edit(path: Path, change: Callable[[Content], Any]) -> None:
    """Changes a JSON file in place."""
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def rewrite(path: Path, column: str, values: Callable[[list[Any]], list[Any]]) -> None:
    """Writes an Arrow file again with other values in one column."""
    with pa.ipc.open_file(path) as reader:
        table = reader.read_all()
    index = table.schema.get_field_index(column)
    kind = table.schema.field(column)
    table = table.set_column(index, kind, pa.array(values(table[column].to_pylist()), kind.type))
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def seal(run: Path) -> None:
    """Takes what the files hold now into the manifests, and chains the steps, so that hashes alone tell
    nothing."""
    edit(run / "shards" / "shards.json", lambda content: hash_again(run / "shards", content))
    edit(run / "shards" / "manifest.json", lambda content: hash_again(run / "shards", content))
    before = ""
    for step in STEPS:
        path = run / step / "manifest.json"
        edit(path, functools.partial(hash_again, run / step))
        edit(path, operator.methodcaller("update", input_sha256=before))
        before = sha256(path)


def hash_again(folder: Path, content: Any) -> None:
    if (
        isinstance(content, dict)
        and {"path", "sha256"} <= content.keys()
        and (folder / content["path"]).is_file()
    ):
        content["sha256"] = sha256(folder / content["path"])
    for value in (
        content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    ):
        hash_again(folder, value)
