"""How the pieces of a file are gathered into parts."""

from __future__ import annotations

import pytest

from pipeline.steps.ingest.part_plan import gathered


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([4, 6, 1], [(0, 2, 10), (2, 3, 1)]),  # just as large as a part may be
        ([4, 7, 1], [(0, 1, 4), (1, 3, 8)]),
        ([11, 1], [(0, 1, 11), (1, 2, 1)]),
        ([1, 11], [(0, 1, 1), (1, 2, 11)]),
        ([10], [(0, 1, 10)]),
    ],
)
def test_neighbours_are_gathered_up_to_a_part_s_bytes(
    sizes: list[int], expected: list[tuple[int, int, int]]
) -> None:
    assert list(gathered(sizes, 10)) == expected
