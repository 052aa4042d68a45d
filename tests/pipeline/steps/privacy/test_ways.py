"""Precision and recall of every way in which data are written that has rules of its own."""

from __future__ import annotations

import pytest

from tests.pipeline.steps.privacy.agreement import agreement_on, is_missed, is_right
from tests.pipeline.steps.privacy.labelled import ITEMS, manual
from tests.pipeline.steps.privacy.ways import WAYS, items

SEED = 1
LEAST_PRECISION, LEAST_RECALL = 0.98, 0.99


@pytest.mark.parametrize("name", WAYS)
def test_precision_and_recall(name: str) -> None:
    looked = agreement_on(items(name, SEED, manual()))
    pairs = list(zip(looked.items, looked.found, strict=True))
    lost = [(item.value, item.text[-200:]) for item, there in pairs if is_missed(item, there)]
    false = [(item.text[:300], one) for item, there in pairs for one in there if not is_right(item, one)]
    right = sum(looked.right.values())
    assert right + len(lost) == ITEMS
    assert right / ITEMS >= LEAST_RECALL, lost[:10]
    assert right / (right + len(false)) >= LEAST_PRECISION, false[:10]
