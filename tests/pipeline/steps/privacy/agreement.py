"""What is found in a labelled set, and how much of it is right; a span counts only if it is right to the
byte."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.kinds import KINDS as BUILT_IN
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import text_buffers
from tests.pipeline.steps.privacy.labelled import Hosts, Item, near_misses, positives
from tests.pipeline.steps.privacy.looks import KINDS

Found = tuple[str, int, str]
"""Kind, first byte in the text, value."""


class Agreement(NamedTuple):
    """``found``: in each item. ``right`` and ``wrong`` findings, and data that were ``missed``, by kind."""

    items: list[Item]
    found: list[list[Found]]
    right: Counter[str]
    wrong: Counter[str]
    missed: Counter[str]


def agreement(seed: int, hosts: Hosts) -> Agreement:
    """Looks for all kinds in the labelled set of this seed."""
    return agreement_on(
        [item for kind in KINDS for item in (*positives(kind, seed, hosts), *near_misses(kind, seed, hosts))]
    )


def agreement_on(items: list[Item]) -> Agreement:
    """Looks for all kinds in these texts."""
    texts = text_buffers(pa.array([item.text for item in items]))
    found: list[list[Found]] = [[] for _ in items]
    spans = whole_documents(texts, np.arange(len(items)))
    for start, end, kind in detect(texts, spans, frozenset(KINDS)).tolist():
        row = int(np.searchsorted(texts.offsets, start, side="right")) - 1
        value = bytes(texts.data[start:end]).decode(errors="replace")
        found[row].append((BUILT_IN[kind].name, int(start - texts.offsets[row]), value))
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for item, there in zip(items, found, strict=True):
        for one in there:
            (right if is_right(item, one) else wrong)[one[0]] += 1
        missed[item.kind] += is_missed(item, there)
    return Agreement(items, found, right, wrong, missed)


def is_right(item: Item, one: Found) -> bool:
    return bool(item.value) and one == (item.kind, item.start, item.value)


def is_missed(item: Item, there: list[Found]) -> bool:
    return bool(item.value) and (item.kind, item.start, item.value) not in there
