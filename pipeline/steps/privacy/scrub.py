"""Texts without personal data, and a count of what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from manifests.plugins import Plugin
from manifests.schema.privacy import PrivacySettings
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.overlaps import keep_longest
from pipeline.steps.privacy.plugin_findings import find_by_plugins, load_kinds
from pipeline.steps.privacy.pseudonyms import Pseudonyms
from pipeline.steps.privacy.replace import replace
from pipeline.steps.privacy.reserved_addresses import without_reserved
from pipeline.steps.privacy.treatments import Treatment, treatments
from pipeline.steps.privacy.windows import filling_spans, stretches_around, whole_documents
from pipeline.text.arrow.buffers import TextBuffers, text_buffers

MOST_LOOKS = 32
"""Real text has nothing at the third look, and lists of numbers nothing at the fifth. A text can be made of
which each look frees one more number: then the last look takes all that could be one."""


class Scrubbed(NamedTuple):
    """``texts`` string [n]; ``found``: by kind, int64 [n], how many findings each text had."""

    texts: pa.Array
    found: dict[str, np.ndarray]


def scrub(
    texts: pa.Array,
    settings: PrivacySettings,
    pseudonyms: Pseudonyms | None = None,
    plugins: Sequence[Plugin] = (),
) -> Scrubbed:
    """Replaces all findings, so that a second look at the result finds nothing.

    A number that touched a finding may be free once that is replaced (``a@b.com-13812345678``), so changed
    texts are looked at again until nothing is found. Each time fewer bytes are left that could be part of a
    finding; in real text the second look is the last, in any ``MOST_LOOKS``. Plug-ins look once, at the
    texts as they come, so that they never see a placeholder or a pseudonym.

    Args:
        pseudonyms: needed where the settings have a kind hashed.
        plugins: those of the settings' kinds, in their order.
    """
    wanted = treatments(settings, load_kinds(plugins))
    found = {treatment.name: np.zeros(len(texts), np.int64) for treatment in wanted.values()}
    buffers = text_buffers(texts)
    spans = whole_documents(buffers, np.arange(len(texts)))
    by_plugins = find_by_plugins(plugins, texts)
    for number in range(MOST_LOOKS if len(texts) else 0):
        confirm = number < MOST_LOOKS - 1
        findings = look(buffers, spans, settings, by_plugins, confirm=confirm)
        by_plugins, row_of = by_plugins[:0], count(findings, buffers, wanted, found)
        if not len(findings):
            break
        filled, fillings = with_fillings(buffers.data, findings, wanted, pseudonyms)
        texts = replace(texts, filled, fillings)
        starts, ends = filling_spans(filled, [len(filling) for filling in fillings], buffers.offsets[0])
        buffers = text_buffers(texts)
        spans = stretches_around(buffers, row_of, starts, ends)
        if number == MOST_LOOKS - 2:
            spans = whole_documents(buffers, np.unique(spans[:, 0]))
    return Scrubbed(texts, found)


def look(
    buffers: TextBuffers,
    spans: np.ndarray,
    settings: PrivacySettings,
    by_plugins: np.ndarray,
    *,
    confirm: bool = True,
) -> np.ndarray:
    """What ``detect`` finds in these stretches of the kinds of the settings, with what their plug-ins have
    found."""
    findings = detect(buffers, spans, frozenset(settings.actions), confirm=confirm)
    if settings.ip.reserved == "keep":
        findings = without_reserved(findings, buffers.data)
    return keep_longest(np.concatenate([findings, by_plugins])) if len(by_plugins) else findings


def count(
    findings: np.ndarray, buffers: TextBuffers, wanted: Mapping[int, Treatment], found: dict[str, np.ndarray]
) -> np.ndarray:
    """Adds the findings to ``found``, and returns the row of each: int64 [findings]."""
    row_of = np.searchsorted(buffers.offsets, findings[:, 0], side="right") - 1
    for index, treatment in wanted.items():
        rows = row_of[findings[:, 2] == index]
        found[treatment.name] += np.bincount(rows, minlength=len(buffers.offsets) - 1)
    return row_of


def with_fillings(
    data: np.ndarray, findings: np.ndarray, wanted: Mapping[int, Treatment], pseudonyms: Pseudonyms | None
) -> tuple[np.ndarray, list[bytes]]:
    """The findings with the index of their filling in the place of the kind's, and the fillings."""
    fillings = [b""] * (1 + max(wanted))
    for index, treatment in wanted.items():
        fillings[index] = b"" if treatment.action == "remove" else treatment.placeholder.encode()
    hashed_kinds = [index for index, treatment in wanted.items() if treatment.action == "hash"]
    hashed = np.flatnonzero(np.isin(findings[:, 2], hashed_kinds))
    if len(hashed) and pseudonyms is None:
        raise ValueError("a kind is hashed, but no pseudonyms were given")
    first = len(fillings)
    for start, end, index in findings[hashed].tolist():
        assert pseudonyms is not None
        fillings.append(pseudonyms.name(wanted[index].name, data[start:end].tobytes()))
    findings = findings.copy()
    findings[hashed, 2] = first + np.arange(len(hashed))
    return findings, fillings
