"""Shards of a stranger: lists that lead out of their tokens, and ids that no embedding has, are one line."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from manifests.schema.shards import Shard, TokenSet
from manifests.schema.steps import File
from trainer.data.dataset import PairTable, ShardError, TokenStream
from trainer.data.shard_verification import check_ids

KIND = pa.list_(pa.uint32())


def lists(*offsets: int) -> pa.Array:
    places = pa.array(offsets, pa.int32()).buffers()[1]
    values = pa.array(range(6), pa.uint32())
    return pa.Array.from_buffers(KIND, len(offsets) - 1, [None, places], children=[values])


def written(folder: Path, batches: int = 1, **columns: pa.Array) -> TokenSet:
    """The set of a shard that the manifest calls three pairs, or six tokens."""
    batch = pa.record_batch(columns)
    with pa.ipc.new_file(folder / "a.arrow", batch.schema) as writer:
        for _ in range(batches):
            writer.write_batch(batch)
    kind = "stream" if "tokens" in columns else "pairs"
    share = {"name": "s", "documents": 3, "tokens": 6, "available_tokens": 6, "epochs": 1.0}
    shard = Shard(file=File(path="a.arrow", sha256="", bytes=0, rows=3), tokens=6)
    known = {"name": "en", "language": "en", "kind": kind, "tokens": 6, "rows": 3, "documents": 3}
    known |= {"shard_tokens": 6, "sources": [share], "budget": None, "unigram_entropy": 1.0}
    return TokenSet.model_validate(known | {"shards": [shard]})


@pytest.mark.parametrize(
    "column",
    [
        lists(0, 1 << 20, 2, 6),
        lists(0, -4, 2, 6),
        lists(0, 4, 2, 6),
        pa.array([[1], None, [2]], KIND),
        pa.array([[1], [None], [2]], KIND),
        pa.array([[1], [2], [3]], pa.list_(pa.int64())),
        pa.array([1, 2, 3], pa.uint32()),
    ],
)
def test_lists_that_lead_out_of_their_tokens_are_told(tmp_path: Path, column: pa.Array) -> None:
    sound = lists(0, 2, 4, 6)
    for kind, columns in (
        (TokenStream, {"tokens": column}),
        (PairTable, {"prompt": sound, "target": column}),
    ):
        with pytest.raises(ShardError, match=r"a\.arrow: is no whole shard \("):
            kind(tmp_path, written(tmp_path, **columns))


def test_a_shard_is_one_record_batch(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match="has 2 record batches, not 1"):
        TokenStream(tmp_path, written(tmp_path, 2, tokens=lists(0, 2, 4, 6)))


def test_ids_that_no_embedding_has_are_told(tmp_path: Path) -> None:
    written(tmp_path, tokens=lists(0, 2, 4, 6))
    check_ids(tmp_path / "a.arrow", 6)
    with pytest.raises(ShardError, match=r"a\.arrow: has the token 5, and the vocabulary has 5"):
        check_ids(tmp_path / "a.arrow", 5)
