"""The keys of documents."""

from __future__ import annotations

import math

import pytest

from manifests.schema.dedup import DedupSettings
from pipeline.runtime.batch_result import BatchPosition
from pipeline.steps.dedup.signatures import ComputeSignatures
from tests.pipeline.steps.measured import measured

TEXT = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？"


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf])
def test_an_unknown_perplexity_comes_after_every_known_one(unknown: float | None) -> None:
    compute = ComputeSignatures(DedupSettings(), ("web",))
    compute.setup()
    batch = measured(
        [{"id": "a", "text": TEXT, "perplexity": unknown}, {"id": "b", "text": TEXT, "perplexity": 7.0}]
    )
    keys = compute.process(batch, BatchPosition(0, 0))
    assert keys.column("perplexity").to_pylist() == [math.inf, 7.0]
    assert keys.column("perplexity").null_count == 0


def test_texts_that_are_alike_have_the_same_keys() -> None:
    compute = ComputeSignatures(DedupSettings(), ("web",))
    compute.setup()
    batch = measured([{"id": "a", "text": TEXT}, {"id": "b", "text": TEXT}, {"id": "c", "text": ""}])
    keys = compute.process(batch, BatchPosition(0, 0))
    for column in ("hash", "bands", "sketch", "paragraphs", "bytes"):
        first, second, empty = keys.column(column).to_pylist()
        assert first == second != empty or column == "paragraphs"
    assert set(keys.column("bands")[2].as_py()) == {0}
