"""What travels between the DoFns of a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.elements import Element, ElementCoder
from pipeline.runtime.jobs import TransformParts
from pipeline.runtime.part_sinks import WritePart
from tests.pipeline.runtime.engines.test_engines import SHORT, element_coders
from tests.pipeline.toy import (
    PEP20,
    LongEnough,
    documents,
)


def test_an_element_travels_as_its_own_slice() -> None:
    import pickle

    batch = documents(PEP20 * 200)
    small = pickle.dumps(Element(0, 0, 0, batch.slice(3, 2)))
    assert len(small) < 5000
    assert pickle.loads(small).batch.equals(batch.slice(3, 2))
    outcome = LongEnough().process(batch, BatchPosition(0, 0))
    assert pickle.loads(pickle.dumps(Element(1, 2, 3, outcome))).batch.rejected.num_rows == 200 * SHORT


def test_the_size_of_an_element_is_known_without_serialising_it(monkeypatch: pytest.MonkeyPatch) -> None:
    coder = ElementCoder()
    batch = documents(PEP20)
    outcome = LongEnough().process(batch, BatchPosition(0, 0))
    monkeypatch.setattr(Element, "__reduce__", None)
    sizes = [coder.get_impl().estimate_size(Element(0, 0, 0, content)) for content in (batch, outcome, None)]
    assert sizes == [batch.nbytes, outcome.kept.nbytes + outcome.rejected.nbytes, 0]
    monkeypatch.undo()
    assert coder.decode(coder.encode(Element(1, 2, 3, batch))) == Element(1, 2, 3, batch)
    assert any(
        isinstance(used, ElementCoder)
        for used in element_coders(TransformParts(LongEnough(), WritePart(Path("x"), LongEnough.schema, {})))
    )
