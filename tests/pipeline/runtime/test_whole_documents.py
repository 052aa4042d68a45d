"""What is drawn by hash is drawn by that of the whole document."""

from __future__ import annotations

import json

import pyarrow as pa

from manifests.schema.documents import INGESTED
from pipeline.runtime.whole_documents import whole_hashes
from tests.pipeline.toy import PEP20, documents


def named(ids: list[str], meta: list[str | None]) -> pa.RecordBatch:
    columns = documents(PEP20[: len(ids)]).to_pydict() | {"id": ids, "meta": meta}
    return pa.RecordBatch.from_pydict(columns, schema=INGESTED)


def test_pieces_have_the_hash_of_their_document() -> None:
    whole = bytes(range(16))
    told = json.dumps({"piece": 1, "pieces": 2, "document_hash": whole.hex(), "original_script": "Hant"})
    ids = ["s:a", "s:b#7#piece-1", "s:b#7#piece-12", "s:c#9"]
    batch = named(ids, [None, told, told, told])
    own = batch.column("hash").to_pylist()
    assert whole_hashes(batch).to_pylist() == [own[0], whole, whole, own[3]]
    assert whole_hashes(batch.slice(2)).to_pylist() == [whole, own[3]]


def test_a_file_that_is_called_like_a_piece_is_none() -> None:
    batch = named(["s:a#piece-1", "s:a#piece-2"], [None, '{"path": "a#piece-2"}'])
    assert whole_hashes(batch).equals(batch.column("hash"))


def test_documents_that_were_not_cut_have_their_own_column() -> None:
    batch = documents(PEP20)
    assert whole_hashes(batch) is batch.column("hash") or whole_hashes(batch).equals(batch.column("hash"))
