"""Checks what holding documents out promises: neither they nor pieces of them are in training sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from manifests.id_hashes import are_among, common, ids_in
from manifests.schema.shards import ShardManifest, TokenSet
from manifests.verify_pieces import whole_ids


def heldout_in_training(folder: Path, manifest: ShardManifest) -> list[str]:
    """The problem of a folder of sound shards, if there is one. Memory: a record batch, and that of
    ``id_hashes``."""
    leaked = common(*(_whole_ids(folder, sets) for sets in (manifest.sets, manifest.heldout)))
    if not len(leaked):
        return []
    heldout = _whole_ids(folder, manifest.heldout)
    first = min(name for ids in heldout for name in ids.filter(pa.array(are_among(ids, leaked))).to_pylist())
    return [f"{folder}: {len(leaked)} held-out documents are also in the training shards, such as {first!r}"]


def _whole_ids(folder: Path, sets: dict[str, TokenSet]) -> Iterator[pa.Array]:
    """Ids of the documents of sets, those of pieces being their document's."""
    paths = (shard.file.path for token_set in sets.values() for shard in token_set.shards)
    return (whole_ids(ids.unique()) for ids in ids_in(folder, paths))
