"""What every signal could do alone, whether or not a rule uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from manifests.trusted_loss import MOST_LOSS
from pipeline.judge import junk
from pipeline.judge.halves import first_half
from pipeline.judge.judgement import share
from pipeline.judge.junk_sources import junk_kind
from pipeline.judge.measured_documents import MeasuredDocuments
from pipeline.judge.thresholds import threshold


def signal_power(documents: MeasuredDocuments, trusted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By signal and language, the side on which a bound catches more junk where it loses ``MOST_LOSS`` of the
    trusted documents: ``min`` or ``max``, ``trusted_loss`` and ``junk_caught``.

    The bound is set on one half of the trusted documents, and the loss is that of the other. Languages
    without junk or trusted documents, and signals that trusted documents have not, are left out.
    """
    sources = documents.sources
    good = np.isin(sources, list(trusted))
    setting = good & first_half(documents.table.column("id").to_pylist())
    bad = np.isin(sources, [name for name in set(sources) if junk_kind(name)])
    found: dict[str, dict[str, Any]] = {}
    for language in junk.LANGUAGES:
        mine = documents.languages == language
        setters, others, worst = (group & mine for group in (setting, good & ~setting, bad))
        for signal, values in documents.signals.items() if worst.any() else ():
            sides = [_side(values, setters, others, worst, side) for side in ("min", "max")]
            if best := max(filter(None, sides), key=lambda one: one["junk_caught"], default=None):
                found.setdefault(signal, {})[language] = best
    return found


def _side(
    values: np.ndarray, setting: np.ndarray, good: np.ndarray, bad: np.ndarray, side: str
) -> dict[str, float] | None:
    bound = threshold(values[setting], MOST_LOSS, side == "max", "quantile")
    if bound is None:
        return None
    breaks = np.less if side == "min" else np.greater
    broken = breaks(values, np.float32(bound))
    return {side: bound, "trusted_loss": share(broken, good), "junk_caught": share(broken, bad)}
