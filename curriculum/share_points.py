"""A mixture as shares at points of a stage, whichever way it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise

from manifests.schema.mixture import Mixture, TemperedMixture, sets_of

PIECES = 64
"""Straight lines that stand for the curve of the shares between two temperatures."""

PARTS = 10**12
"""Shares by temperature are whole numbers of this part."""

_PRECISE = Context(prec=40)

SharePoint = tuple[int, tuple[Fraction, ...]]
"""Tokens, and each set's share there, in the order of the sets' names."""


def share_points(mixture: Mixture, sizes: Mapping[str, int]) -> tuple[SharePoint, ...]:
    """The points between which the shares go evenly; one where they stay. ``sizes`` are tokens by set."""
    names = sets_of(mixture)
    if isinstance(mixture, TemperedMixture):
        found = _temperatures(mixture)
        return tuple((tokens, _tempered([sizes[name] for name in names], value)) for tokens, value in found)
    points = [(0, mixture)] if isinstance(mixture, dict) else [(one.tokens, one.shares) for one in mixture]
    return tuple(
        (tokens, tuple(Fraction(str(shares.get(name, 0))) for name in names)) for tokens, shares in points
    )


def first_shares(mixture: Mixture, sizes: Mapping[str, int]) -> dict[str, float]:
    """Each set's share where a stage begins; those without one are left out."""
    shares = share_points(mixture, sizes)[0][1]
    return {name: float(share) for name, share in zip(sets_of(mixture), shares, strict=True) if share}


def mean_shares(mixture: Mixture, tokens: int) -> dict[str, float]:
    """Each set's share of the first ``tokens`` tokens, by set; by temperature as of sets of one size."""
    names = sets_of(mixture)
    points = share_points(mixture, dict.fromkeys(names, 1))
    edges = [(0, points[0][1]), *points, (max(tokens, points[-1][0]), points[-1][1])]
    whole = [Fraction(0)] * len(names)
    for (start, here), (end, there) in pairwise(edges):
        last = min(end, tokens)
        if start < last:
            part = Fraction(last - start, end - start)
            ends = [(1 - part) * one + part * two for one, two in zip(here, there, strict=True)]
            whole = [
                total + (last - start) * (one + two) / 2
                for total, one, two in zip(whole, here, ends, strict=True)
            ]
    return {name: float(share / tokens) for name, share in zip(names, whole, strict=True)}


def _temperatures(mixture: TemperedMixture) -> Iterator[tuple[int, Fraction]]:
    if not isinstance(mixture.temperature, tuple):
        yield 0, Fraction(str(mixture.temperature))
        return
    points = [(point.tokens, Fraction(str(point.value))) for point in mixture.temperature]
    yield points[0]
    for (start, cold), (end, hot) in pairwise(points):
        pieces = min(PIECES, end - start)
        for piece in range(1, pieces + 1):
            yield start + (end - start) * piece // pieces, cold + (hot - cold) * Fraction(piece, pieces)


def _tempered(sizes: list[int], temperature: Fraction) -> tuple[Fraction, ...]:
    """Shares in proportion to ``size ** (1 / temperature)``. Decimal rounds logarithm and exponential
    correctly, so that they are the same on every machine."""
    power = _PRECISE.divide(Decimal(temperature.denominator), Decimal(temperature.numerator))
    logarithms = [_PRECISE.multiply(_PRECISE.ln(Decimal(max(size, 1))), power) for size in sizes]
    weights = [_PRECISE.exp(_PRECISE.subtract(one, max(logarithms))) for one in logarithms]
    whole = sum(map(Fraction, weights))
    parts = [max(int(PARTS * Fraction(weight) / whole), 1) for weight in weights]
    parts[weights.index(max(weights))] += PARTS - sum(parts)
    return tuple(Fraction(part, PARTS) for part in parts)
