"""Settings of rehydration: how often documents are used, by the number of their near duplicates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field, field_validator

from manifests.schema.base import Strict
from manifests.schema.rules import Language
from manifests.schema.sources import Source
from manifests.schema.values import Positive


class SizeWeight(Strict):
    """A weight of documents by the size of their cluster."""

    at_least: Positive
    """Documents in the cluster, the kept one included, from which on this weight holds, up to the next."""
    epochs: Annotated[float, Field(gt=0, le=100)]
    """How often such a document is used. A budget above or below what all weights together ask for raises or
    lowers all of them in proportion, within ``max_epochs`` of the source."""


Weights = Literal["measured"] | tuple[SizeWeight, ...]


class RehydrateSettings(Strict):
    """Repeats documents that stand for many near duplicates (Penedo et al. 2025, FineWeb2: rehydration):
    what was copied a few times is better than what was never copied, or thousands of times."""

    weights: Annotated[dict[Language, Weights], Field(min_length=1)]
    """By language, as in ``{zh: [{at_least: 2, epochs: 3}, {at_least: 50, epochs: 1}]}``: weights by the size
    of the cluster, which is 1 epoch below the first; or ``measured``: from the shares that the quality step
    rejected of clusters of each size, its rejects being counted as members. That takes a pass over the text
    of the rejects. A language that is not here is not rehydrated."""
    most: Annotated[float, Field(ge=1, le=100)] = 10
    """Where it is ``measured``, the epochs of the sizes that lose least. FineWeb2 has 10."""

    @field_validator("weights")
    @classmethod
    def _ascending(cls, weights: dict[Language, Weights]) -> dict[Language, Weights]:
        for language, given in weights.items():
            sizes = [0] if given == "measured" else [weight.at_least for weight in given]
            if not sizes or sizes != sorted(set(sizes)):
                raise ValueError(
                    f"{language}: at_least is {sizes}; write one or more sizes, each above the one before"
                )
        return weights

    def warnings(self, sources: Sequence[Source]) -> Iterator[str]:
        """What is of no use with these sources; a line each."""
        most = max(source.max_epochs for source in sources)
        if most == 1:
            yield (
                "every source has max_epochs 1: no document is repeated, and the weights only say which ones "
                "are taken first; raise max_epochs of the sources to be rehydrated"
            )
        for language, given in self.weights.items():
            epochs = {self.most, 1.0} if given == "measured" else {weight.epochs for weight in given}
            if given != "measured" and given[0].at_least > 1:
                epochs.add(1.0)
            if len(epochs) == 1:
                yield f"weights.{language}: all sizes weigh the same, which changes nothing"
            elif max(epochs) > most > 1:
                yield (
                    f"weights.{language}: {max(epochs):g} epochs are more than max_epochs of any source "
                    f"({most:g})"
                )
