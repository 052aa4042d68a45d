"""What is found in a document does not depend on the documents beside it in the batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.kinds import KINDS
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import text_buffers
from tests.pipeline.steps.privacy import looks

CUTS = 150
"""Of a text, at most."""


def found_in(documents: list[str]) -> list[list[tuple[str, str]]]:
    """Kind and value of every finding, by document."""
    texts = text_buffers(pa.array(documents))
    findings = detect(texts, whole_documents(texts, np.arange(len(documents))), frozenset(looks.KINDS))
    found: list[list[tuple[str, str]]] = [[] for _ in documents]
    for start, end, kind in findings.tolist():
        document = int(np.searchsorted(texts.offsets, start, side="right")) - 1
        found[document].append((KINDS[kind].name, bytes(texts.data[start:end]).decode()))
    return found


def texts_of(kind: int) -> Iterator[str]:
    for text in (*KINDS[kind].examples, *KINDS[kind].near_misses):
        yield text.replace("⟦", "").replace("⟧", "")


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=lambda kind: KINDS[kind].name)
def test_a_text_that_is_cut_in_two_is_two_documents(kind: int) -> None:
    halves = [
        half
        for text in texts_of(kind)
        for at in range(1, len(text), len(text) // CUTS + 1)
        for half in (text[:at], text[at:])
    ]
    alone = {half: found_in([half])[0] for half in set(halves)}
    together = found_in(halves)
    for half, found in zip(halves, together, strict=True):
        assert found == alone[half], half
