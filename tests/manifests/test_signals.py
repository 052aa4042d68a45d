"""The bins in which signals are counted."""

from __future__ import annotations

import pytest

from manifests.schema.signals import SIGNALS, histogram_edges


@pytest.mark.parametrize(
    ("signal", "first", "last", "number"),
    [
        ("letter_ratio", (0.02, 0.04), 1.0, 50),
        ("characters", (1.0, 1.5), 7_000_000.0, 42),
        ("stop_words", (1.0, 2.0), 8.0, 8),
        ("control_ratio", (0.00001, 0.00002), 0.5, 15),
    ],
)
def test_edges_are_round_numbers(signal: str, first: tuple[float, ...], last: float, number: int) -> None:
    edges = histogram_edges(signal)
    assert edges[:2] == pytest.approx(first)
    assert edges[-1] == pytest.approx(last)
    assert len(edges) == number


@pytest.mark.parametrize("signal", SIGNALS)
def test_edges_ascend(signal: str) -> None:
    edges = histogram_edges(signal)
    assert list(edges) == sorted(set(edges))
