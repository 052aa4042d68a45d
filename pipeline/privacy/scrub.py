"""Texts without personal data, and a count of what was found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from manifests.schema.corpus import PrivacyKind, PrivacySettings
from pipeline.privacy.finders import FINDERS
from pipeline.privacy.findings import find
from pipeline.privacy.replace import replace
from pipeline.text.buffers import text_buffers


class Scrubbed(NamedTuple):
    """``texts`` string [n]; ``found``: by kind, int64 [n], how many findings each text had."""

    texts: pa.Array
    found: dict[PrivacyKind, np.ndarray]


def placeholder(kind: PrivacyKind) -> str:
    """``<EMAIL>`` for the kind email. No expression matches ``<`` or ``>``: a placeholder is never found again."""
    return f"<{kind.upper()}>"


def _filling(settings: PrivacySettings, kind: PrivacyKind) -> bytes:
    return placeholder(kind).encode() if settings.actions.get(kind) == "placeholder" else b""


def scrub(texts: pa.Array, settings: PrivacySettings) -> Scrubbed:
    """Replaces all findings, so that a second look at the result finds nothing.

    A number that touched a finding may stand free once that is replaced (``a@b.com-13812345678``), so changed texts are looked at
    again until nothing is found. Each time fewer bytes are left that could be part of a finding; in real text the second look is
    the last.
    """
    kinds = frozenset(settings.actions)
    fillings = [_filling(settings, finder.kind) for finder in FINDERS]
    found = {kind: np.zeros(len(texts), np.int64) for kind in settings.actions}
    rows = np.arange(len(texts))
    while len(rows):
        buffers = text_buffers(texts)
        findings = find(buffers, rows, kinds)
        row_of = np.searchsorted(buffers.offsets, findings[:, 0], side="right") - 1
        for index, finder in enumerate(FINDERS):
            if finder.kind in kinds:
                found[finder.kind] += np.bincount(row_of[findings[:, 2] == index], minlength=len(texts))
        rows = np.unique(row_of)
        if len(rows):
            texts = replace(texts, findings, fillings)
    return Scrubbed(texts, found)
