"""The kinds of junk and how each is made."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pipeline.judge.junk.damaged import mojibake, ocr_noise
from pipeline.judge.junk.grammar import filled
from pipeline.judge.junk.machine_repeated import machine_repeated
from pipeline.judge.junk.real_text import RealText
from pipeline.judge.junk.shuffled import shuffled_characters, shuffled_lines, shuffled_words

Maker = Callable[[RealText, str, np.random.Generator, int], str]
LANGUAGES = ("en", "zh")
SIZES = {"en": (400, 6000), "zh": (250, 3000)}
"""Characters of the shortest and of the longest document, before it is damaged."""
_FILLED = ("menus", "keyword_spam", "link_spam", "templates", "advertising", "gambling", "adult")
_MAKERS: Mapping[str, Maker] = {
    "shuffled_characters": shuffled_characters,
    "shuffled_words": shuffled_words,
    "shuffled_lines": shuffled_lines,
    "mojibake": mojibake,
    "ocr_noise": ocr_noise,
    "machine_repeated": machine_repeated,
    **{kind: functools.partial(filled, kind) for kind in _FILLED},
}
KINDS = tuple(_MAKERS)


def make(kind: str, language: str, texts: Sequence[str], count: int, seed: int) -> list[str]:
    """Documents of one kind of junk.

    Args:
        kind: one of ``KINDS``.
        language: ``en`` or ``zh``.
        texts: real text of the language, which some kinds damage and others steal from.
        count: documents. The first are the same however many there are.
        seed: not negative; another gives other documents.

    Raises:
        ValueError: the texts hold no prose of the language.
    """
    real, maker = RealText(texts, language), _MAKERS[kind]
    shortest, longest = np.log(SIZES[language])
    name = f"{kind}/{language}".encode()
    documents = []
    for number in range(count):
        random = np.random.default_rng([seed, number, *name])
        size = int(np.exp(random.uniform(shortest, longest)))
        documents.append(maker(real, language, random, size))
    return documents
