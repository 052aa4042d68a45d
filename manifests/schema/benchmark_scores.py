"""What a model scores on benchmarks of the field: a line of a run's ``train/benchmarks.jsonl``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from manifests.schema.base import Strict

_Count = Annotated[int, Field(ge=0)]


class ItemsScore(Strict):
    """A metric over some items."""

    value: float
    """The metric: a share from 0 to 1, or BLEU or chrF from 0 to 100."""
    stderr: float | None
    """Its standard error, over the items; none of a single item."""
    items: _Count
    """How many items it is over."""


class Place(Strict):
    """A document of the corpus that held a piece of an item."""

    document: str
    """The document's id."""
    source: str
    """Its source's name."""


class TouchedItem(Strict):
    """An item of a benchmark that the corpus held a piece of, before the decontaminate step."""

    item: str
    """The item's id."""
    places: tuple[Place, ...]
    """The documents that held it."""


class BenchmarkScore(Strict):
    """What a model scores on a benchmark."""

    benchmark: str
    """The benchmark's name."""
    metric: str
    """Which metric: ``acc`` (multiple choice), ``exact_match``, ``bleu``, ``chrf`` or ``pass_at_1``."""
    shots: _Count
    """Examples before each question."""
    chance: float
    """What guessing scores."""
    score: ItemsScore
    """Over all items."""
    parts: dict[str, ItemsScore]
    """By part, such as a subject or a language."""
    cut_prompts: _Count
    """Prompts of which only the end was read, as the model was trained on shorter ones; one counts for each
    answer to it."""
    prompts: _Count
    """All prompts."""
    clean: ItemsScore | None = None
    """Over the items that the corpus held nothing of; none where no decontamination tells, or all were
    held."""
    touched: ItemsScore | None = None
    """Over the items that the corpus held a piece of; none where no decontamination tells, or none was."""
    touched_items: tuple[TouchedItem, ...] = ()
    """Those, and where they stood."""


class BenchmarkScores(Strict):
    """What one checkpoint scores."""

    version: Literal[1] = 1
    """Version of the format."""
    step: _Count
    """Steps that the checkpoint was trained for."""
    curriculum: str
    """The curriculum's name."""
    harness: str
    """The harness and its version."""
    limit: int | None
    """Items of each part that were asked, at most; none: all were."""
    benchmarks: tuple[BenchmarkScore, ...]
    """The benchmarks, in the order in which they were asked for."""
