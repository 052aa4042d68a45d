"""Rules that drop documents by their signals, and the versioned sets of them that a corpus manifest may
name."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from manifests.schema.base import Strict, UnusedLeftOut
from manifests.schema.named_sets import NamedSet, check_name, load_set, set_names
from manifests.schema.signals import SIGNALS
from manifests.schema.values import Name

Language = Literal["en", "zh", "code"]
Genre = Literal["statute", "dialogue", "table", "list", "reference", "verse", "prose"]
"""What most lines of a document are; see ``manifests.schema.genres``."""
RuleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?$")]
FOLDER = Path(__file__).parents[1] / "rules"
Bounds = tuple[float | None, float | None]
"""The least and the greatest value that are kept."""
_FARTHER = "its bounds are farther than the rule's own; give a greater min or a smaller max"


class Spared(Strict):
    """Documents that a rule does not judge."""

    sources: tuple[Name, ...] = ()
    """Of these sources."""
    genres: tuple[Genre, ...] = ()
    """Of these genres: ``statute``, ``dialogue`` (and questions with answers), ``table``, ``list`` (recipes,
    too), ``reference`` (of functions), ``verse`` (and lyrics), ``prose``."""


class Company(Strict):
    """What breaks one rule by little may be good text of a rare kind; what breaks two is hardly. A document
    beyond the bounds given here of two rules of a family is rejected, and breaks both of them; beyond the
    bounds of one alone it stays as long as it is within that rule's own."""

    family: Name
    """Rules that keep each other company have the same."""
    min: float | None = None
    """The least value that is kept beside another broken rule of the family; the rule's own by default."""
    max: float | None = None
    """The greatest value that is kept there."""


class Rule(UnusedLeftOut):
    """Documents of some languages with a signal out of bounds are rejected. NaN is never out of bounds."""

    optional_keys = ("company",)

    name: RuleName
    """The reason of the rejects. ``set/rule`` takes the place of a rule of a set."""
    signal: str
    """The signal that is judged; see the list of signals."""
    languages: tuple[Language, ...]
    """The languages it is judged in; none switches the rule off."""
    min: float | None = None
    """The least value that is kept."""
    max: float | None = None
    """The greatest value that is kept. A rule has at least one of the two, here or in ``company``."""
    company: Company | None = None
    """Nearer bounds, beyond which a document is rejected if it breaks another rule of the family, too."""
    spare: Spared = Spared()
    """Sources and genres that it does not judge; none by default."""

    @property
    def own(self) -> Bounds:
        """The bounds for a document that breaks no other rule of the family."""
        return self.min, self.max

    @property
    def nearer(self) -> Bounds:
        """The bounds in company."""
        beside = self.company
        return (
            self.min if beside is None or beside.min is None else beside.min,
            self.max if beside is None or beside.max is None else beside.max,
        )

    def bounded(self, min: float | None = None, max: float | None = None) -> Rule:
        """The rule with these bounds of its own; those in company stay where they are nearer."""
        company = self.company
        if company is not None:
            low = company.min is not None and (min is None or company.min > min)
            high = company.max is not None and (max is None or company.max < max)
            nearer = {"min": company.min if low else None, "max": company.max if high else None}
            company = company.model_copy(update=nearer)
        return self.model_copy(update={"min": min, "max": max, "company": company})

    @model_validator(mode="after")
    def _usable(self) -> Rule:
        least, greatest = self.nearer
        if least is None and greatest is None:
            raise ValueError(f"rule {self.name!r} has neither min nor max; give at least one")
        for low, high in ((self.min, least), (greatest, self.max)):
            if low is not None and high is not None and low > high:
                raise ValueError(f"rule {self.name!r}: company: {_FARTHER}")
        return self


def check_signal(rule: Rule, known: tuple[str, ...]) -> None:
    """A rule judges a signal that there is.

    Raises:
        ValueError: it does not.
    """
    if rule.signal not in known:
        raise ValueError(f"rule {rule.name!r}: signal {rule.signal!r} is not one of: {', '.join(known)}")


class SourcedRule(Rule):
    """A rule of a set."""

    source: Annotated[str, Field(min_length=1)]
    """Where the threshold comes from: paper and section, or the measurement."""


class RuleSet(NamedSet):
    """A versioned set of rules, ``manifests/rules/<name>.yaml``. Once released it is not changed: another
    threshold, another version."""

    version: Literal[1]
    """Version of the manifest's format."""
    kind: Literal["rules"]
    """Tells a rule set from the other manifests."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+_v[1-9][0-9]*$")]
    """The set's name and version, as the file's: ``gopher_v1``."""
    about: str
    """What the rules are for, and where they come from."""
    rules: Annotated[tuple[SourcedRule, ...], Field(min_length=1)]
    """The rules, in the order in which they are judged; names differ and have no slash."""

    @model_validator(mode="after")
    def _consistent(self) -> RuleSet:
        for rule in self.rules:
            check_signal(rule, tuple(SIGNALS))
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1 or "/" in name})
        if twice:
            raise ValueError(
                f"rules: {twice[0]!r} is the name of two rules or has a slash; names must differ and have "
                "none"
            )
        return self


def rule_sets() -> list[str]:
    """The names of all sets."""
    return set_names(FOLDER)


@cache
def rules_of(name: str) -> tuple[Rule, ...]:
    """The rules of a set, called ``<set>/<rule>``.

    Raises:
        ManifestError: the set's file is missing or not valid, or names another set.
    """
    found = load_set(FOLDER, name, RuleSet)
    return tuple(
        Rule(**rule.model_dump(exclude={"name", "source"}), name=f"{name}/{rule.name}")
        for rule in found.rules
    )


def _known(name: str) -> str:
    return check_name(FOLDER, name, "rule")


RuleSetName = Annotated[str, AfterValidator(_known)]
