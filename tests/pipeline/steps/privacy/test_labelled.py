"""Precision and recall of every kind on the labelled set."""

from __future__ import annotations

from functools import cache

import pytest

from manifests.schema.privacy import PrivacyKind
from tests.pipeline.steps.privacy.agreement import Agreement, agreement, is_missed, is_right
from tests.pipeline.steps.privacy.labelled import ITEMS, manual
from tests.pipeline.steps.privacy.looks import KINDS

SEED = 1
LEAST_PRECISION, LEAST_RECALL = 0.98, 0.99


@cache
def _agreement() -> Agreement:
    return agreement(SEED, manual())


@pytest.mark.parametrize("kind", KINDS)
def test_precision_and_recall(kind: PrivacyKind) -> None:
    items, found, right, wrong, missed = _agreement()
    lost = [
        (item.value, item.text[-200:])
        for item, there in zip(items, found, strict=True)
        if item.kind == kind and is_missed(item, there)
    ]
    false = [
        (item.text[:300], one)
        for item, there in zip(items, found, strict=True)
        for one in there
        if one[0] == kind and not is_right(item, one)
    ]
    assert right[kind] + missed[kind] == ITEMS
    assert right[kind] / ITEMS >= LEAST_RECALL, lost[:10]
    assert right[kind] / (right[kind] + wrong[kind]) >= LEAST_PRECISION, false[:10]
