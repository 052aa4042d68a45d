"""Tokens of a stranger's run: rows, parts and lengths that are not there are one line, and nothing is copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from manifests.border.unsound_file import UnsoundFileError
from pipeline.runtime.arrow_files import write_batches
from pipeline.steps.shards.token_gather import Columns
from pipeline.steps.shards.token_positions import TOKENS, Tokens
from pipeline.steps.shards.token_sets import unigram_entropy

PART = 1 << 32


def columns(folder: Path, lists: Sequence[Sequence[int]]) -> Columns:
    batch = pa.RecordBatch.from_pydict({"tokens": lists}, schema=TOKENS)
    write_batches(folder / "tokens.arrow", TOKENS, [batch])
    return Columns((folder / "tokens.arrow",), TOKENS)


def gather(of: Columns, rows: int, skip: int, length: int, place: int = 0, room: int = 8) -> list[int]:
    out = np.zeros(room, np.uint32)
    row, first, size, to = (np.array([number]) for number in (rows, skip, length, place))
    of.gather("tokens", row, first, size, out, to)
    return out.tolist()


@pytest.mark.parametrize(
    ("rows", "skip", "length", "place"),
    [
        (2, 0, 1, 0),  # no such row
        (99_999_999, 0, 1, 0),
        (-1, 0, 1, 0),
        (0, 0, 4, 0),  # the next document's tokens
        (1, 0, 1 << 40, 0),
        (1, -2, 2, 0),
        (1, 1 << 40, 1, 0),
        (0, 0, -1, 0),
        (0, 0, 3, 6),  # no room
        (0, 0, 3, -4),
        (0, 0, 3, 1 << 40),
    ],
)
def test_tokens_outside_of_their_row_or_of_the_room_are_told(
    tmp_path: Path, rows: int, skip: int, length: int, place: int
) -> None:
    of = columns(tmp_path, [[1, 2, 3], [4, 5]])
    assert gather(of, 1, 1, 1, 7) == [0] * 7 + [5]
    with pytest.raises(UnsoundFileError, match=r"tokens\.arrow: "):
        gather(of, rows, skip, length, place)


def test_positions_in_a_part_that_is_not_there_are_told(tmp_path: Path) -> None:
    tokens, out = Tokens(columns(tmp_path, [[1]]), {}), np.zeros(1, np.uint32)
    one, none = np.array([1]), np.array([0])
    for at in (7 * PART, -2, (1 << 62) + 5):
        with pytest.raises(UnsoundFileError, match=r"their tokens in part -?\d+ of the quality step"):
            tokens.gather(none, np.array([at]), none, one, out, none)


def test_ids_beyond_the_vocabulary_are_told_before_they_are_counted(tmp_path: Path) -> None:
    paths = columns(tmp_path, [[1, 4_000_000_000]]).paths
    with pytest.raises(UnsoundFileError, match=r"tokens\.arrow: has ids that are not below 100"):
        unigram_entropy(paths, "tokens", 100)
