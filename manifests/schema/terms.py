"""Versioned lists of terms that tell spam by topic."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict, load

FOLDER = Path(__file__).parents[1] / "terms"
HARD_WEIGHT = 3
"""What a hard term counts for; a soft one counts for one."""
COMPANY = 2
"""Different hard terms of a topic, without which none of its terms count: a doctor, a statute or an
encyclopaedia may have one."""
SHORTEST = 4
"""Bytes of a term, at least."""
Term = Annotated[str, Field(min_length=1)]


class Topic(Strict):
    """What a topic's pages say. Matching ignores the case of ASCII letters and prefers the longer term."""

    hard: Annotated[tuple[Term, ...], Field(min_length=1)]
    """Terms in which such pages sell, and which hardly any other page has."""
    soft: tuple[Term, ...] = ()
    """Terms that encyclopaedias, statutes and doctors use, too; they count only in company of hard
    ones."""


class TermList(Strict):
    """A versioned list, ``manifests/terms/<name>.yaml``. Once released it is not changed."""

    version: Literal[1]
    """Version of the manifest's format."""
    kind: Literal["terms"]
    """Tells a list of terms from the other manifests."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+_v[1-9][0-9]*$")]
    """The list's name and version, as the file's: ``spam_v1``."""
    topics: dict[Literal["gambling", "adult", "fraud", "promotion"], Topic]
    """The terms by topic."""

    @model_validator(mode="after")
    def _once_each(self) -> TermList:
        terms = [term for topic in self.topics.values() for term in (*topic.hard, *topic.soft)]
        twice = sorted({term for term in terms if terms.count(term) > 1})
        if twice:
            raise ValueError(f"topics: {twice[0]!r} stands twice; a term has one topic and one weight")
        short = [term for term in terms if len(term.encode()) < SHORTEST]
        if short:
            raise ValueError(
                f"topics: {short[0]!r} is shorter than {SHORTEST} bytes and would match anywhere"
            )
        return self


@cache
def terms(name: str) -> dict[str, Topic]:
    """The topics of a list.

    Raises:
        ManifestError: the file is missing or not valid.
    """
    return {str(topic): found for topic, found in load(FOLDER / f"{name}.yaml", TermList).topics.items()}
