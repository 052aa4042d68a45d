"""How the judged signals are distributed, as additive counts for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from manifests.schema.documents import LANGUAGES
from manifests.schema.plugins import SignalPlugin
from manifests.schema.rules import Rule
from manifests.schema.signals import MODEL_SIGNALS, histogram_edges


def histograms(
    signals: Mapping[str, np.ndarray],
    languages: np.ndarray,
    rejected: np.ndarray,
    rules: Sequence[Rule],
    own: Sequence[SignalPlugin] = (),
) -> dict[str, int]:
    """Counts the documents in the bins of ``manifests.schema.signals.histogram_edges``, for the signals that
    a rule judges and perplexity; and in their own bins for those signals of the user's ``own`` that have a
    range.

    Returns:
        ``histogram/<signal>/<language>/<bin>`` for all documents and ``histogram_rejected/...`` for those
        that any rule rejected; NaN is in no bin, and bins without documents are left out.
    """
    edges = {signal.name: signal.edges for signal in own}
    metrics: dict[str, int] = {}
    for signal, language in sorted(_counted(rules, edges)):
        present = (languages == language) & ~np.isnan(signals[signal])
        for kind, chosen in (("histogram", present), ("histogram_rejected", present & rejected)):
            bins = np.searchsorted(
                np.array(edges.get(signal) or histogram_edges(signal), np.float32),
                signals[signal][chosen],
                side="right",
            )
            numbers, counts = np.unique(bins, return_counts=True)
            metrics |= {
                f"{kind}/{signal}/{language}/{number}": int(count)
                for number, count in zip(numbers, counts, strict=True)
            }
    return metrics


def _counted(rules: Sequence[Rule], own: Mapping[str, tuple[float, ...]]) -> set[tuple[str, str]]:
    """Signals and languages that are counted; ``own``: the bins of the user's signals, if they have any."""
    always = [*MODEL_SIGNALS, *(name for name, edges in own.items() if edges)]
    counted = {(signal, language) for signal in always for language in LANGUAGES}
    judged = {(rule.signal, language) for rule in rules for language in rule.languages}
    return counted | {(signal, language) for signal, language in judged if own.get(signal) != ()}
