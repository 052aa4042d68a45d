"""From candidates to findings: what the validators confirm, and of those that overlap the longest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np

from manifests.schema.privacy import PrivacyKind
from pipeline.steps.privacy.built_in_kind import CONTEXT_AFTER, CONTEXT_BEFORE, Detector
from pipeline.steps.privacy.fullwidth import fold_fullwidth
from pipeline.steps.privacy.kinds import KINDS, url
from pipeline.steps.privacy.overlaps import keep_longest
from pipeline.steps.privacy.scan import scan
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import TextBuffers

_PLACEHOLDER_END = b"X>"

Finding = tuple[int, int, int]
"""First byte and end, as positions in the batch's data, and the index of the kind in KINDS."""


def detect(
    texts: TextBuffers, spans: np.ndarray, kinds: frozenset[PrivacyKind], confirm: bool = True
) -> np.ndarray:
    """Personal data of these built-in kinds in these stretches of documents.

    Time is linear in the text: one native pass, and bounded work for each byte of the few candidates that it
    finds.

    Args:
        spans: int64 [n, 3]: document, first byte and end, in order; of a document with full-width characters
            all is looked at.
        confirm: whether validators confirm what is found; else all that could be personal data is.

    Returns:
        int64 [findings, 3]: rows of ``Finding``, in order and without overlap.
    """
    candidates, wide = scan(texts, spans)
    if not wide.any():
        return _findings(texts, candidates, kinds, confirm)
    rows = np.unique(spans[wide, 0])
    row_of = np.searchsorted(texts.offsets, candidates[:, 0], side="right") - 1
    plain = _findings(texts, candidates[~np.isin(row_of, rows)], kinds, confirm)
    found = np.concatenate([plain, _findings_in_folded(texts, rows, kinds, confirm)])
    return found[np.argsort(found[:, 0], kind="stable")]


def _findings_in_folded(
    texts: TextBuffers, rows: np.ndarray, kinds: frozenset[PrivacyKind], confirm: bool
) -> np.ndarray:
    """Rows of ``Finding`` of these documents, looked for after full-width characters were folded."""
    folded = fold_fullwidth(texts, rows)
    candidates, _ = scan(folded.texts, whole_documents(folded.texts, np.arange(len(rows))))
    found = _findings(folded.texts, candidates, kinds, confirm)
    found[:, :2] = folded.restore(found[:, :2], texts)
    return found


def _findings(
    texts: TextBuffers, candidates: np.ndarray, kinds: frozenset[PrivacyKind], confirm: bool
) -> np.ndarray:
    # URLs are proved by the scan itself, and so frequent that no loop may touch them.
    is_url = candidates[:, 2] == url.CANDIDATE
    findings = _confirmed_findings if confirm else _possible_findings
    confirmed = list(findings(texts, candidates[~is_url], kinds))
    found = np.array(confirmed, np.int64).reshape(-1, 3)
    if url.KIND.name in kinds:
        urls = candidates[is_url]
        urls[:, 2] = KINDS.index(url.KIND)
        found = np.concatenate([found, urls])
    return keep_longest(found)


def _possible_findings(
    texts: TextBuffers, candidates: np.ndarray, kinds: frozenset[PrivacyKind]
) -> Iterator[Finding]:
    """Every candidate, as a finding of the first kind that it could be."""
    for first, last, bits in candidates.tolist():
        for index, _ in _detectors(bits, kinds)[:1]:
            yield first, last, index


def _confirmed_findings(
    texts: TextBuffers, candidates: np.ndarray, kinds: frozenset[PrivacyKind]
) -> Iterator[Finding]:
    """Everything in the candidates that a validator confirms."""
    document = np.searchsorted(texts.offsets, candidates[:, 0], side="right") - 1
    left = np.maximum(candidates[:, 0] - CONTEXT_BEFORE, texts.offsets[document])
    right = np.minimum(candidates[:, 1] + CONTEXT_AFTER, texts.offsets[document + 1])
    windows = np.concatenate([candidates, left[:, None], right[:, None]], axis=1)
    detectors_of = cache(lambda bits: _detectors(bits, kinds))
    view = texts.data.data
    for first, last, bits, window_start, window_end in windows.tolist():
        window = bytes(view[window_start:window_end])
        for index, detector in detectors_of(bits):
            for start, end in _confirmed_spans(detector, window, first - window_start, last - window_start):
                yield window_start + start, window_start + end, index


def _detectors(bits: int, kinds: frozenset[PrivacyKind]) -> list[tuple[int, Detector]]:
    """The detectors that look at candidates with these bits, each with its kind's index in KINDS."""
    return [
        (index, detector)
        for index, kind in enumerate(KINDS)
        for detector in kind.detectors
        if kind.name in kinds and detector.candidate & bits
    ]


def _confirmed_spans(detector: Detector, window: bytes, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Spans, beginning in the candidate ``window[first:last]``, that satisfy the validator."""
    if detector.expression is None:
        size = detector.validate(window[first:last], window[:first], window[last:])
        if size:
            yield first, first + size
        return
    text: bytes | bytearray = window
    match: re.Match[bytes] | None = detector.expression.search(text, first)
    while match and match.start() < last:
        start, end = match.span()
        before, after = bytes(text[max(0, start - CONTEXT_BEFORE) : start]), window[end : end + CONTEXT_AFTER]
        size = detector.validate(match.group(), before, after)
        if size:
            yield start, start + size
            text = _without(text, start + size)
        # What a validator refused may hide another candidate that begins a little later; expressions for
        # numbers are bounded.
        match = detector.expression.search(text, start + size if size else start + 1)


def _without(text: bytes | bytearray, end: int) -> bytearray:
    """The same with a placeholder's end where a finding ends: of a list of numbers, each of which is free
    once the one before it is replaced, all are found at the first look."""
    changed = text if isinstance(text, bytearray) else bytearray(text)
    changed[end - len(_PLACEHOLDER_END) : end] = _PLACEHOLDER_END
    return changed
