"""How the judged signals are distributed, as additive counts for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from manifests.schema.documents import LANGUAGES
from manifests.schema.rules import Rule
from manifests.schema.signals import MODEL_SIGNALS, histogram_edges


def histograms(
    signals: Mapping[str, np.ndarray], languages: np.ndarray, rejected: np.ndarray, rules: Sequence[Rule]
) -> dict[str, int]:
    """Counts the documents in the bins of ``manifests.schema.signals.histogram_edges``, for the signals that
    a rule judges and perplexity.

    Returns:
        ``histogram/<signal>/<language>/<bin>`` for all documents and ``histogram_rejected/...`` for those
        that any rule rejected; NaN is in no bin, and bins without documents are left out.
    """
    judged: set[tuple[str, str]] = {(rule.signal, language) for rule in rules for language in rule.languages}
    judged |= {(signal, language) for signal in MODEL_SIGNALS for language in LANGUAGES}
    metrics: dict[str, int] = {}
    for signal, language in sorted(judged):
        present = (languages == language) & ~np.isnan(signals[signal])
        for kind, chosen in (("histogram", present), ("histogram_rejected", present & rejected)):
            bins = np.searchsorted(
                np.array(histogram_edges(signal), np.float32), signals[signal][chosen], side="right"
            )
            numbers, counts = np.unique(bins, return_counts=True)
            metrics |= {
                f"{kind}/{signal}/{language}/{number}": int(count)
                for number, count in zip(numbers, counts, strict=True)
            }
    return metrics
