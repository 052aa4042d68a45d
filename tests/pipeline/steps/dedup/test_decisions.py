"""The similarity that a verdict names, against exact fractions."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.border.arrow_files import open_table
from pipeline.runtime.npy_files import save
from pipeline.steps.dedup.buckets import Ranges
from pipeline.steps.dedup.decisions import WriteDecisions
from pipeline.steps.dedup.document_ids import document_ids
from pipeline.steps.dedup.told import Answer, Asked, Told, ToldFiles, reduce_told
from pipeline.text.similarity.one_permutation import BINS
from tests.pipeline.steps.dedup.test_clusters import grouped, key_file, unranked


def similarities(folder: Path, shares: list[tuple[int, int]]) -> list[str]:
    """What is written about pairs of documents with ``equal`` bins in common of ``filled``: each pair's
    second duplicates its first."""
    sketches = np.zeros((2 * len(shares), BINS), np.uint8)
    for pair, (equal, filled) in enumerate(shares):
        sketches[2 * pair, :filled] = 1
        sketches[2 * pair + 1, :filled] = np.where(np.arange(filled) < equal, 1, 2)
    documents = np.arange(len(sketches), dtype=np.uint64)
    save(folder / "exact.npy", documents)
    save(folder / "survivors.npy", documents & ~np.uint64(1))
    known = document_ids([], [key_file(folder / "keys", sketches, len(sketches))])
    ranks = unranked(folder, len(sketches))
    exact, survivors = folder / "exact.npy", folder / "survivors.npy"
    save(folder / "sizes.npy", np.ones(len(sketches), np.uint32))
    sizes = folder / "sizes.npy"
    numbers = Ranges(known.documents, 3)
    answers = grouped(list(known.own), Asked(known, ranks, survivors, numbers), Answer(known))
    told = ToldFiles(tuple(grouped(answers, Told(numbers), reduce_told)), numbers)
    WriteDecisions(known, (), ranks, exact, survivors, sizes, told, (), Ranges(1))(0, folder / "out")
    details = open_table(folder / "out")["detail"].to_pylist()
    assert details[::2] == [None] * len(shares), "survivors have no verdict"
    return [detail.split("similarity=")[1] for detail in details[1::2]]


@pytest.mark.parametrize(
    ("equal", "filled", "written"),
    [
        # .875, .125, .375, .625: a half is rounded up
        (7, 8, "0.88"), (1, 8, "0.13"), (3, 8, "0.38"), (5, 8, "0.63"),
        (2, 3, "0.67"), (1, 3, "0.33"), (6, 7, "0.86"), (5, 6, "0.83"),
        (199, 200, "1.00"), (198, 200, "0.99"), (197, 200, "0.99"), (1, 200, "0.01"), (1, 201, "0.00"),
        (387, 512, "0.76"), (384, 512, "0.75"), (383, 512, "0.75"), (381, 512, "0.74"), (512, 512, "1.00"),
        (0, 512, "0.00"), (0, 0, "1.00"),
    ],
)  # fmt: skip
def test_similarity_is_rounded_at_the_third_digit(
    tmp_path: Path, equal: int, filled: int, written: str
) -> None:
    assert similarities(tmp_path, [(equal, filled)]) == [written]


@given(
    st.lists(
        st.integers(1, BINS).flatmap(lambda filled: st.tuples(st.integers(0, filled), st.just(filled))),
        min_size=1,
        max_size=40,
    )
)
def test_similarity_is_the_nearest_hundredth(
    tmp_path_factory: pytest.TempPathFactory, shares: list[tuple[int, int]]
) -> None:
    nearest = [(Decimal(equal) / filled).quantize(Decimal("0.01"), ROUND_HALF_UP) for equal, filled in shares]
    assert similarities(tmp_path_factory.mktemp("pairs"), shares) == [str(value) for value in nearest]
