"""Applies the manifest's rules to columns of signals. A rule is data; this is the only code that reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from manifests.schema.rules import Rule


def judge(
    signals: Mapping[str, np.ndarray], languages: np.ndarray, rules: Sequence[Rule]
) -> tuple[pa.Array, pa.Array]:
    """Finds the first rule, in the manifest's order, that each document breaks.

    Args:
        signals: float32 [documents] by name; NaN (no meaning, or not computed) breaks no rule.
        languages: object [documents] of language names or None.
        rules: bounds are inclusive: a value equal to ``min`` or ``max`` passes.

    Returns:
        reason: string [documents], the rule's name, null for a document that breaks none.
        detail: string [documents], such as ``mean_word_length 2.1 < 3``.
    """
    reason = np.full(len(languages), None, object)
    detail = np.full(len(languages), None, object)
    open_ = np.ones(len(languages), bool)
    for rule in rules:
        concerned = open_ & np.isin(languages, rule.languages)
        values = signals[rule.signal]
        for bound, sign, breaks in ((rule.min, "<", np.less), (rule.max, ">", np.greater)):
            if bound is None:
                continue
            # Compared as float32, the precision of the signals, so that a value written as 0.1 equals the
            # bound 0.1.
            broken = concerned & breaks(values, np.float32(bound))
            reason[broken] = rule.name
            detail[broken] = np.char.mod(
                f"{rule.signal} %.4g {sign} {bound:.6g}", values[broken].astype(np.float64)
            )
            open_ &= ~broken
            concerned &= ~broken
    return pa.array(reason, pa.string()), pa.array(detail, pa.string())
