"""Settings of the dedup step."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from manifests.schema.base import Strict
from manifests.schema.values import Fraction, Positive


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class DedupSettings(Strict):
    """MinHash LSH (Broder 1997; Leskovec et al., chapter 3) with ``bands`` x ``rows`` permutations.

    20 x 6 misses one in 430 of the pairs at a Jaccard of .8; the candidates below it that this brings are
    verified away. The sketches are right to .018, so that .75 keeps what is at .8 and drops what is below
    .7.
    """

    bands: Positive = 20
    """Bands of the LSH: two documents are candidates when all rows of one band agree. More find more
    pairs."""
    rows: Positive = 6
    """Permutations in a band. More bring fewer candidates that are no duplicates."""
    seed: int = 1
    """Seed of the permutations."""
    shingle_words: Positive = 5
    """Words in a shingle, where the text is not Chinese, Japanese or Korean."""
    shingle_characters: Positive = 5
    """Characters in a shingle, where the text is Chinese, Japanese or Korean."""
    similarity: Fraction = 0.75
    """Candidates are duplicates when their sketches show a Jaccard similarity of at least this."""
    paragraphs: bool = True
    """Removes paragraphs after their first occurrence in the corpus."""
    min_paragraph_characters: Positive = 50
    """Shorter paragraphs (in code points) are left alone: headings and phrases repeat for good reasons."""
    max_character_run: Annotated[int, Field(ge=2)] = 16
    """Longer runs of one repeated character are cut to this many. OpenBA reduces them to one,
    which would break indentation and numbers."""
    index: Annotated[
        tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])
    ] = ()
    """Dedup folders of finished runs, relative to the manifest; documents and paragraphs that are there are
    duplicates here, and nothing there is touched."""
