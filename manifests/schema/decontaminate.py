"""Settings of the decontaminate step."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from manifests.schema.base import Strict
from manifests.schema.values import Name, Positive


class Benchmark(Strict):
    """JSON lines of benchmark items, plain, ``.gz`` or ``.zst``."""

    name: Name
    """The benchmark's name in rejects and the report."""
    path: str
    """The file, relative to the corpus manifest."""
    text_fields: tuple[str, ...]
    """Fields of an item's text, joined by newlines; lists and objects (answer options) give all their
    texts."""
    name_field: str | None = None
    """The field that names the benchmark of an item, in a file of many benchmarks."""


class DecontaminateSettings(Strict):
    """A document that shares one n-gram with a benchmark item is rejected, in Traditional and Simplified
    characters alike; formulas, which many documents have, are no leakage."""

    ngram: Annotated[int, Field(ge=2)] = 13
    """Words in an n-gram. 13 as in GPT-3 (Brown et al. 2020, appendix C)."""
    ngram_cjk: Annotated[int, Field(ge=2)] = 20
    """Characters in an n-gram of Chinese, Japanese or Korean text: about as much text as 13 words."""
    max_items: Positive = 10
    """N-grams that occur in more items of one benchmark (and in more than 1 % of them) are templates, and are
    passed over."""
    max_documents: Positive = 20
    """N-grams that occur in more documents of the corpus (and in more than one of 100,000) are formulas, such
    as of licences, laws and poems, and are passed over; counted as ``formulas``."""
    benchmarks: tuple[Benchmark, ...] = ()
    """The benchmarks. Without any, nothing is rejected."""
