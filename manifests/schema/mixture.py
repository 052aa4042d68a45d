"""In which shares a stage reads its sets, and how these change."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from manifests.schema.base import Strict, Tokens
from manifests.schema.values import Fraction, Name

Shares = Annotated[dict[Name, Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)]


def check_shares(shares: dict[str, float]) -> None:
    """Refuses shares that are not those of a whole.

    Raises:
        ValueError: they do not add up to 1; the message says which ones would.
    """
    total = sum(shares.values())
    if abs(total - 1) > 1e-6:
        name = max(shares, key=lambda name: shares[name])
        rest = 1 - (total - shares[name])
        advice = (
            f"for example set {name} to {rest:g}" if rest > 0 else f"for example divide each by {total:g}"
        )
        raise ValueError(f"the shares add up to {total:g}, not 1; {advice}")


class MixturePoint(Strict):
    """The shares at one place of a stage."""

    tokens: Tokens
    """Where: tokens of the stage's own samples, those that rollbacks lost among them, and those of a blend's
    other stage and of what is rehearsed not. The shares go evenly from point to point; before the first one
    and after the last they stay."""
    shares: Annotated[dict[Name, Fraction], Field(min_length=1)]
    """Each set's share of the tokens there; adds up to 1. A set that is not named has none."""

    @field_validator("shares")
    @classmethod
    def _adds_up(cls, shares: dict[str, float]) -> dict[str, float]:
        check_shares(shares)
        return shares


class TemperaturePoint(Strict):
    """The temperature at one place of a stage."""

    tokens: Tokens
    """Where, as of a point of shares."""
    value: Annotated[float, Field(ge=0.1, le=1000)]
    """The temperature there."""


class TemperedMixture(Strict):
    """Shares by size: that of a set of n tokens is in proportion to ``n ** (1 / temperature)``
    (Arivazhagan et al. 2019, section 4.2). 1 goes by size alone, and a high one reads all alike."""

    sets: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The sets."""
    temperature: (
        Annotated[float, Field(ge=0.1, le=1000)]
        | Annotated[tuple[TemperaturePoint, ...], Field(min_length=2)]
    )
    """The temperature, or points between which it goes evenly."""

    @model_validator(mode="after")
    def _in_order(self) -> TemperedMixture:
        if isinstance(self.temperature, tuple):
            check_order(self.temperature)
        twice = sorted({name for name in self.sets if self.sets.count(name) > 1})
        if twice:
            raise ValueError(f"sets names {twice[0]!r} twice; remove one")
        return self


def check_order(points: Iterable[MixturePoint | TemperaturePoint]) -> None:
    """Refuses points that do not come one after the other.

    Raises:
        ValueError: with the first two.
    """
    for before, after in pairwise(points):
        if after.tokens <= before.tokens:
            raise ValueError(
                f"the points come in the order of their tokens, and {after.tokens:,} stands after "
                f"{before.tokens:,}; sort them"
            )


def _form(mixture: Any) -> str:
    if isinstance(mixture, list | tuple):
        return "points"
    if isinstance(mixture, TemperedMixture):
        return "tempered"
    return "tempered" if isinstance(mixture, dict) and "temperature" in mixture else "shares"


Mixture = Annotated[
    Annotated[Shares, Tag("shares")]
    | Annotated[tuple[MixturePoint, ...], Field(min_length=2), Tag("points")]
    | Annotated[TemperedMixture, Tag("tempered")],
    Discriminator(_form),
]


def sets_of(mixture: Mixture) -> tuple[str, ...]:
    """The names of the sets of a mixture, in order."""
    if isinstance(mixture, TemperedMixture):
        return tuple(sorted(mixture.sets))
    shares = [mixture] if isinstance(mixture, dict) else [point.shares for point in mixture]
    return tuple(sorted({name for one in shares for name in one}))


def check_mixture(mixture: Mixture) -> None:
    """Refuses shares that do not add up, points that are out of order, and sets without a share anywhere.

    Raises:
        ValueError: with what to change.
    """
    if isinstance(mixture, dict):
        check_shares(mixture)
    elif isinstance(mixture, tuple):
        check_order(mixture)
        for name in sets_of(mixture):
            if not any(point.shares.get(name) for point in mixture):
                raise ValueError(f"{name} has no share at any point; remove it")
