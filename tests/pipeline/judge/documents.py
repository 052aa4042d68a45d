"""Measured documents, written down by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from manifests.schema.rules import Rule
from manifests.schema.signals import SIGNALS
from pipeline.judge.measured_documents import MeasuredDocuments


def measured(
    sources: Sequence[str],
    languages: Sequence[str | None],
    signals: Mapping[str, Sequence[float]],
    lost: Mapping[int, str] | None = None,
) -> MeasuredDocuments:
    """Documents called 0, 1, 2, ..., with the signals given and no others; ``lost`` by number."""
    number = len(sources)
    table = pa.table(
        {
            "id": [f"d{place}" for place in range(number)],
            "source": pa.array(sources, pa.string()),
            "text": [f"the text of document {place}" for place in range(number)],
            "meta": pa.array([None] * number, pa.string()),
        }
    )
    nothing = [np.nan] * number
    return MeasuredDocuments(
        table,
        np.array(languages, object),
        np.array([(lost or {}).get(place) for place in range(number)], object),
        {name: np.array(signals.get(name, nothing), np.float32) for name in SIGNALS},
    )


def rule(name: str, signal: str, languages: tuple[str, ...] = ("en",), **bounds: float) -> Rule:
    """A rule."""
    return Rule.model_validate({"name": name, "signal": signal, "languages": languages, **bounds})
