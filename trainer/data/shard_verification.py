"""Whether the shards are those that the shard manifest describes. Each is hashed once, by one of the
processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.border.arrow_files import read_batches
from manifests.border.json_files import read_object
from manifests.border.unsound_file import UnsoundFileError, check
from manifests.files import safe_join, sha256, write_json
from manifests.schema.shards import ShardManifest
from manifests.schema.steps import File
from trainer.data.dataset import ShardError
from trainer.distributed import Ranks

_LISTS = pa.schema([(name, pa.list_(pa.uint32())) for name in ("tokens", "prompt", "target")])
Looks = list[int]
"""Size in bytes, and when a file and its entry were last changed, in nanoseconds."""


def verify(folder: Path, shards: ShardManifest, verified: Path, ranks: Ranks) -> None:
    """Compares the hash of every shard with the manifest's, and its tokens with the vocabulary.

    Args:
        verified: remembers what shards that were sound looked like; those that look the same are not read
        again. ranks: each hashes a part of the others.

    Raises:
        ShardError: a shard is missing, has changed, or holds ids that are no tokens; in every process.
    """
    files = [
        shard.file for tokens in (*shards.sets.values(), *shards.heldout.values()) for shard in tokens.shards
    ]
    looks = ranks.decided(lambda: {file.path: _looks(folder, file) for file in files})
    known = ranks.decided(lambda: _read(verified))
    unknown = [file for file in files if known.get(file.path) != [file.sha256, looks[file.path]]]
    if unknown:
        mine = unknown[ranks.rank :: ranks.size]
        ranks.all_did(lambda: _check(folder, mine, shards.vocabulary.size))
        sound = {file.path: [file.sha256, looks[file.path]] for file in files}
        ranks.decided(lambda: write_json(verified, sound))


def _looks(folder: Path, file: File) -> Looks:
    path = safe_join(folder, file.path)
    try:
        state = path.stat()
    except FileNotFoundError:
        raise ShardError(f"{path}: no such shard; make the shards again") from None
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns]


def _check(folder: Path, files: Sequence[File], ids: int) -> None:
    for file in files:
        path = safe_join(folder, file.path)
        _looks(folder, file)  # this host may not see what process 0 sees
        if sha256(path) != file.sha256:
            raise ShardError(
                f"{path}: differs from the shard that the manifest describes; make the shards again"
            )
        check_ids(path, ids)


def check_ids(path: Path, ids: int) -> None:
    """The tokens of a shard are below ``ids``: the embedding has no other rows.

    Raises:
        ShardError: not so.
    """
    try:
        for batch in read_batches(path, optional=_LISTS):
            lists = [batch.column(name) for name in _LISTS.names if name in batch.schema.names]
            largest = max((int(one.values.to_numpy().max(initial=0)) for one in lists), default=0)
            check(largest < ids, path, f"has the token {largest}, and the vocabulary has {ids}")
    except UnsoundFileError as error:
        raise ShardError(f"{path}: {error.what}; make the shards again") from None


def _read(verified: Path) -> dict[str, Any]:
    """What is remembered: by path, the hash and the looks. Nothing, where it is not readable."""
    try:
        return read_object(verified)
    except (OSError, UnsoundFileError):
        return {}
