"""Junk as sources of a trial: one for each language and kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from pipeline.judge import junk
from pipeline.judge.collection import Collection
from pipeline.text.unicode.repair import repair

_PREFIX = "junk."


def junk_collections(texts: Mapping[str, Sequence[str]], count: int, seed: int) -> dict[str, Collection]:
    """Junk of every kind by source name, made of trusted texts by language; there is none in a language
    without texts.

    What the ingest step's repair makes good again is no junk, and is left out.
    """
    return {
        f"{_PREFIX}{language}.{kind}": _collection(junk.make(kind, language, texts[language], count, seed))
        for language in junk.LANGUAGES
        if texts.get(language)
        for kind in junk.KINDS
    }


def _collection(made: Sequence[str]) -> Collection:
    texts = pa.array(made)
    left, mended = (repair(texts, mojibake=mojibake)[0].to_pylist() for mojibake in (False, True))
    return Collection(
        {str(number): text for number, text in enumerate(made) if left[number] == mended[number]}
    )


def junk_kind(source: str) -> tuple[str, str] | None:
    """Language and kind of a source of junk; None for any other source."""
    if not source.startswith(_PREFIX):
        return None
    language, _, kind = source.removeprefix(_PREFIX).partition(".")
    return language, kind
