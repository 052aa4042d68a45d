"""Whole numbers in proportion to weights."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def largest_remainder(weights: Sequence[int] | Sequence[Fraction], total: int) -> list[int]:
    """Splits ``total`` into whole quotas in proportion to ``weights`` (Hamilton's method); ties go to the
    earlier one. All quotas are 0 where all weights are."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [divmod(weight * total, whole) for weight in weights]
    left = total - sum(int(quotient) for quotient, _ in parts)
    first = set(sorted(range(len(parts)), key=lambda index: -parts[index][1])[:left])
    return [int(quotient) + (index in first) for index, (quotient, _) in enumerate(parts)]
