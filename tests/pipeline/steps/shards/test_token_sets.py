"""What each source gave to a set."""

from __future__ import annotations

import numpy as np

from pipeline.steps.shards.token_sets import source_shares


def test_a_source_s_share_counts_what_was_taken_and_what_there_was() -> None:
    shares = source_shares(
        ("news", "novel", "none", "unused"),
        source=np.array([0, 0, 0, 1, 3], np.int32),
        tokens=np.array([10, 20, 30, 7, 5]),
        times=np.array([2, 0, 1, 3, 0]),
        available=np.array([True, True, True, True, True]),
    )
    found = [
        (one.name, one.documents, one.tokens, one.available_tokens, round(one.epochs, 3)) for one in shares
    ]
    assert found == [("news", 2, 50, 60, 0.833), ("novel", 1, 21, 7, 3.0), ("unused", 0, 0, 5, 0.0)]
