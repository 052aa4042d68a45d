"""Stream shards against the plain definition: documents, each followed by eos, joined and cut."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manifests.border.arrow_files import open_table
from manifests.schema.documents import PART_SHIFT
from pipeline.runtime.arrow_files import describe, write_batches
from pipeline.runtime.checked_file import CheckedFile
from pipeline.runtime.npy_files import save_durably
from pipeline.steps.shards.stream_shards import StreamShards
from pipeline.steps.shards.token_gather import Columns
from pipeline.steps.shards.token_positions import DOCUMENTS, HERE, Tokens
from pipeline.steps.shards.token_sets import unigram_entropy

EOS = 1


def source(
    folder: Path, documents: list[list[int]], written: Sequence[bool] = ()
) -> tuple[Tokens, list[int]]:
    """Documents in two files, and the ``tokens_at`` of each; the tokens of those that are ``written`` stand
    in the quality step's file."""
    numbers = range(len(documents))
    elsewhere = [number for number in numbers if number < len(written) and written[number]]
    at = [7 << PART_SHIFT | elsewhere.index(number) if number in elsewhere else HERE for number in numbers]
    signals = pa.RecordBatch.from_arrays(
        [pa.array([documents[number] for number in elsewhere], pa.list_(pa.uint32()))], ["tokens"]
    )
    write_batches(folder / "signals.arrow", signals.schema, [signals])
    rows = pa.RecordBatch.from_pydict(
        {
            "id": [f"d{number}" for number in numbers],
            "source": [f"s{number % 2}" for number in numbers],
            "language": ["en"] * len(documents),
            "hash": [number.to_bytes(16, "little") for number in numbers],
            "whole": [number.to_bytes(16, "little") for number in numbers],
            "length": [len(document) for document in documents],
            "tokens_at": at,
            "tokens": [[] if number in elsewhere else documents[number] for number in numbers],
        },
        schema=DOCUMENTS,
    )
    half = len(documents) // 2
    write_batches(folder / "a.arrow", DOCUMENTS, [rows.slice(0, half)])
    write_batches(folder / "b.arrow", DOCUMENTS, [rows.slice(half)])
    checked = CheckedFile(
        folder / "signals.arrow", describe(folder / "signals.arrow", folder, len(elsewhere))
    )
    return Tokens(Columns((folder / "a.arrow", folder / "b.arrow"), DOCUMENTS), {7: checked}), at


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.integers(2, 99), max_size=9), min_size=1, max_size=12),
    st.lists(st.booleans(), max_size=12),
    st.integers(1, 15),
    st.randoms(),
)
def test_shards_are_the_joined_documents_cut_into_equal_pieces(
    tmp_path: Path, documents: list[list[int]], written: list[bool], shard: int, random: object
) -> None:
    tokens, at = source(tmp_path, documents, written)
    order = [random.randrange(len(documents)) for _ in range(2 * len(documents))]  # type: ignore[attr-defined]
    lengths = [len(documents[row]) + 1 for row in order]
    listing = np.array([order, lengths, [at[row] for row in order]])
    stream = StreamShards(tokens, save_durably(tmp_path / "listing.npy", listing), shard, EOS)
    expected = [token for row in order for token in [*documents[row], EOS]]
    positions = [(row, offset) for row in order for offset in range(len(documents[row]) + 1)]
    assert (stream.tokens, stream.shards) == (len(expected), -(-len(expected) // shard))
    for index in range(stream.shards):
        pickle.loads(pickle.dumps(stream))(index, tmp_path / "shard.arrow")
        table = open_table(tmp_path / "shard.arrow")
        assert len(table["tokens"].chunks) == 1
        assert (
            table["tokens"].combine_chunks().flatten().to_pylist()
            == expected[index * shard : (index + 1) * shard]
        )
        place = index * shard
        for row in table.to_pylist():
            document, start = positions[place]
            assert (row["id"], row["source"], row["start"]) == (f"d{document}", f"s{document % 2}", start)
            place += len(row["tokens"])


def test_pickle_carries_paths_only(tmp_path: Path) -> None:
    tokens, _ = source(tmp_path, [[5] * 10_000] * 4)
    assert sum(batch.num_rows for batch in tokens.documents.batches()) == 4
    assert len(pickle.dumps(tokens)) < 1000


def test_unigram_entropy_of_even_tokens_is_the_logarithm_of_their_number(tmp_path: Path) -> None:
    source(tmp_path, [[2, 3], [4, 5], [2, 3, 4, 5]])
    assert unigram_entropy([tmp_path / "a.arrow", tmp_path / "b.arrow"], "tokens", 100) == pytest.approx(
        np.log(4)
    )
