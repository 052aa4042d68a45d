"""Texts without personal data, and a count of what was found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from manifests.schema.privacy import PrivacyKind, PrivacySettings
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.finders import FINDERS
from pipeline.steps.privacy.pseudonyms import Pseudonyms
from pipeline.steps.privacy.replace import replace
from pipeline.steps.privacy.windows import around, replaced, whole
from pipeline.text.arrow.buffers import text_buffers


class Scrubbed(NamedTuple):
    """``texts`` string [n]; ``found``: by kind, int64 [n], how many findings each text had."""

    texts: pa.Array
    found: dict[PrivacyKind, np.ndarray]


def placeholder(kind: PrivacyKind) -> str:
    """``<EMAIL>`` for the kind email. No expression matches ``<`` or ``>``: a placeholder is never found
    again."""
    return f"<{kind.upper()}>"


def scrub(texts: pa.Array, settings: PrivacySettings, pseudonyms: Pseudonyms | None = None) -> Scrubbed:
    """Replaces all findings, so that a second look at the result finds nothing.

    A number that touched a finding may stand free once that is replaced (``a@b.com-13812345678``), so changed
    texts are looked at again until nothing is found. Each time fewer bytes are left that could be part of a
    finding; in real text the second look is the last.

    Args:
        pseudonyms: needed where the settings have a kind hashed.
    """
    kinds = frozenset(settings.actions)
    found = {kind: np.zeros(len(texts), np.int64) for kind in settings.actions}
    buffers = text_buffers(texts)
    spans = whole(buffers, np.arange(len(texts)))
    while len(spans):
        findings = detect(buffers, spans, kinds)
        row_of = np.searchsorted(buffers.offsets, findings[:, 0], side="right") - 1
        for index, finder in enumerate(FINDERS):
            if finder.kind in kinds:
                found[finder.kind] += np.bincount(row_of[findings[:, 2] == index], minlength=len(texts))
        if not len(findings):
            break
        filled, fillings = _filled(buffers.data, findings, settings, pseudonyms)
        texts = replace(texts, filled, fillings)
        starts, ends = replaced(filled, [len(filling) for filling in fillings], buffers.offsets[0])
        buffers = text_buffers(texts)
        spans = around(buffers, row_of, starts, ends)
    return Scrubbed(texts, found)


def _filled(
    data: np.ndarray, findings: np.ndarray, settings: PrivacySettings, pseudonyms: Pseudonyms | None
) -> tuple[np.ndarray, list[bytes]]:
    """The findings with the index of their filling in the place of the finder's, and the fillings."""
    actions = [settings.actions.get(finder.kind) for finder in FINDERS]
    fillings = [
        b"" if action == "remove" else placeholder(finder.kind).encode()
        for action, finder in zip(actions, FINDERS, strict=True)
    ]
    hashed = np.flatnonzero(
        np.isin(findings[:, 2], [index for index, action in enumerate(actions) if action == "hash"])
    )
    if len(hashed) and pseudonyms is None:
        raise ValueError("a kind is hashed, but no pseudonyms were given")
    for start, end, finder in findings[hashed].tolist():
        assert pseudonyms is not None
        fillings.append(pseudonyms.name(FINDERS[finder].kind, data[start:end].tobytes()))
    findings = findings.copy()
    findings[hashed, 2] = len(FINDERS) + np.arange(len(hashed))
    return findings, fillings
