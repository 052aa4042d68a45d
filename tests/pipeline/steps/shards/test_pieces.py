"""The pieces of a document are held out together, as the document would be."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import xxhash

from manifests.border.arrow_files import open_table
from manifests.schema.base import load
from manifests.schema.shards import ShardManifest
from pipeline.steps.shards.sampling_keys import set_aside
from pipeline.text.arrow.fixed_width import leading_uint64
from tests.pipeline.steps.shards.toy import Document, Piece, documents, prepare, run_step

SHARE = 0.3


def cut(rows: list[Document]) -> tuple[list[Document], dict[str, Piece]]:
    """The documents, those of more than 6,000 characters in pieces of 3,000."""
    made: list[Document] = []
    pieces: dict[str, Piece] = {}
    for place, (source, language, text) in enumerate(rows):
        some = [text[start : start + 3000] for start in range(0, len(text), 3000)]
        if len(some) < 3:
            made.append((source, language, text))
            continue
        told = {"pieces": len(some), "document_hash": xxhash.xxh3_128_hexdigest(text.encode())}
        for number, piece in enumerate(some, start=1):
            made.append((source, language, piece))
            pieces[piece] = f"{source}:{place}#piece-{number}", json.dumps(told | {"piece": number})
    return made, pieces


def test_all_pieces_of_a_document_are_held_out_or_none(tmp_path: Path) -> None:
    rows, pieces = cut(documents())
    prepare(tmp_path / "run", rows, pieces=pieces)
    settings = {"budget": {"code": 60_000}, "shard_tokens": 25_000, "heldout": SHARE, "tolerance": 0.5}
    manifest = run_step(tmp_path, tmp_path / "run", settings)
    folder = tmp_path / "run" / "shards"
    kept = pa.concat_tables([open_table(folder / part.kept.path) for part in manifest.parts])
    uses = dict(zip(kept["id"].to_pylist(), kept["use"].to_pylist(), strict=True))
    whole = {id_: json.loads(meta)["document_hash"] for id_, meta in pieces.values() if id_ in uses}
    books = {digest: {uses[id_] for id_, own in whole.items() if own == digest} for digest in whole.values()}
    assert len(books) > 5
    assert {len(found) for found in books.values()} == {1}
    hashes = leading_uint64(pa.array([bytes.fromhex(digest) for digest in books], pa.binary(16)))
    assert [found == {"heldout"} for found in books.values()] == set_aside(hashes, SHARE, 7).tolist()
    assert {"heldout"} in books.values()
    shards = load(folder / "shards.json", ShardManifest)
    assert shards.heldout["code"].documents == sum(use == "heldout" for use in uses.values())
