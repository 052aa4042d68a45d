"""Precision and recall of every kind on the labelled set; a span counts only if it is right to the byte."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from manifests.schema.corpus import PrivacyKind
from pipeline.privacy.finders import FINDERS
from pipeline.privacy.findings import find
from pipeline.privacy.spans import whole
from pipeline.text.buffers import text_buffers
from tests.pipeline.privacy.labelled import ITEMS, Item, near_misses, positives
from tests.pipeline.privacy.looks import KINDS

SEED = 1
LEAST_PRECISION, LEAST_RECALL = 0.97, 0.99


@cache
def _outcome() -> tuple[list[tuple[Item, list[tuple[str, int, str]]]], Counter[str], Counter[str]]:
    """Every item with what was found in it, and the right and the wrong findings by kind."""
    items = [item for kind in KINDS for item in (*positives(kind, SEED), *near_misses(kind, SEED))]
    texts = text_buffers(pa.array([item.text for item in items]))
    findings: list[list[tuple[str, int, str]]] = [[] for _ in items]
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for start, end, finder in find(texts, whole(texts, np.arange(len(items))), frozenset(KINDS)).tolist():
        row = int(np.searchsorted(texts.offsets, start, side="right")) - 1
        kind, value = FINDERS[finder].kind, bytes(texts.data[start:end]).decode(errors="replace")
        findings[row].append((kind, int(start - texts.offsets[row]), value))
        item = items[row]
        is_right = item.value and findings[row][-1] == (item.kind, item.start, item.value)
        (right if is_right else wrong)[kind] += 1
    return list(zip(items, findings, strict=True)), right, wrong


@pytest.mark.parametrize("kind", KINDS)
def test_precision_and_recall(kind: PrivacyKind) -> None:
    outcome, right, wrong = _outcome()
    missed = [
        (item.value, item.text[-200:])
        for item, found in outcome
        if item.kind == kind and item.value and (kind, item.start, item.value) not in found
    ]
    false = [
        (item.text[:300], found)
        for item, found in outcome
        if any(name == kind and (name, start, value) != (item.kind, item.start, item.value) for name, start, value in found)
    ]
    assert right[kind] / ITEMS >= LEAST_RECALL, missed[:10]
    assert right[kind] / (right[kind] + wrong[kind]) >= LEAST_PRECISION, false[:10]
