"""Junk: what it is made of, that it is the same for a seed, and that it is no text any more."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from pipeline.judge import junk
from pipeline.judge.junk.obfuscation import obfuscated
from pipeline.judge.junk.real_text import RealText
from pipeline.judge.junk.shuffled import LEAST_LINES
from tests.pipeline.at_hand import chapters, manuals, needs_texts

TEXTS = {"en": manuals, "zh": chapters}
GAMBLING = {"en": "bet", "zh": "彩"}


def make(kind: str, language: str, count: int = 12, seed: int = 1) -> list[str]:
    return junk.make(kind, language, TEXTS[language](), count, seed)


@needs_texts
@pytest.mark.parametrize("language", junk.LANGUAGES)
@pytest.mark.parametrize("kind", junk.KINDS)
def test_a_document_depends_on_seed_and_number_only(kind: str, language: str) -> None:
    first = make(kind, language)
    assert first[:4] == make(kind, language, count=4)
    assert not set(first) & set(make(kind, language, seed=2))
    assert len(set(first)) == len(first)


@needs_texts
@pytest.mark.parametrize("language", junk.LANGUAGES)
@pytest.mark.parametrize("kind", junk.KINDS)
def test_junk_is_long_enough_to_be_judged_and_no_real_text(kind: str, language: str) -> None:
    real = "\n".join(TEXTS[language]())
    for document in make(kind, language):
        assert len(document) >= 180
        assert document not in real
        assert not set("{}") & set(document) or kind not in ("gambling", "adult", "advertising")


@needs_texts
def test_shuffling_keeps_every_piece_and_loses_the_order() -> None:
    texts = ["The quick brown fox jumps over the lazy dog and then sleeps for hours. " * 40]
    (characters,) = junk.make("shuffled_characters", "en", texts, 1, 3)
    (words,) = junk.make("shuffled_words", "en", texts, 1, 3)
    assert Counter(characters.replace("\n", " "))["q"] > 3
    assert set(words.split()) == set(texts[0].split())
    assert "quick brown fox jumps over" not in words


def test_chinese_words_are_cut_and_none_of_their_characters_is_lost() -> None:
    text = "渡口的老船工每天划着小船把人送到对岸，风里来雨里去Linux一划就是四十年，乡亲们都敬重他。" * 30
    for shuffled in junk.make("shuffled_words", "zh", [text], 6, 3):
        assert Counter(shuffled.replace("\n", "")).keys() == Counter(text).keys()
        assert "Linux" in shuffled
        assert text[:8] not in shuffled


@needs_texts
def test_shuffled_lines_are_real_lines_that_do_not_follow_each_other() -> None:
    real = "".join(TEXTS["zh"]()).replace("\n", "").replace(" ", "")
    for document in make("shuffled_lines", "zh"):
        lines = [line.replace(" ", "").replace("\u3000", "") for line in document.split("\n")]
        followed = [one + two in real for one, two in itertools.pairwise(lines) if two]
        assert sum(followed) <= len(followed) // 4 + 1


@needs_texts
@pytest.mark.parametrize("language", junk.LANGUAGES)
def test_shuffled_lines_are_enough_to_tell_that_they_are_shuffled(language: str) -> None:
    assert min(document.count("\n") for document in make("shuffled_lines", language)) + 1 >= LEAST_LINES


@needs_texts
def test_misread_chinese_has_hardly_any_of_its_characters_left() -> None:
    common = set("的了在是我有和就不人都一上也很到说要去你会着")
    for document in make("mojibake", "zh"):
        assert sum(character in common for character in document) < 0.02 * len(document)


@needs_texts
@pytest.mark.parametrize("language", junk.LANGUAGES)
def test_spam_is_made_of_its_own_words_and_some_stolen_lines(language: str) -> None:
    documents = make("gambling", language, count=60)
    assert sum(GAMBLING[language] in document.lower() for document in documents) > 40
    lines = set(RealText(TEXTS[language](), language)._lines)
    stolen = [sum(line in lines for line in document.split("\n")) for document in documents]
    assert 2 < sum(count > 0 for count in stolen) < 40


def test_a_disguised_line_keeps_its_letters_or_their_lookalikes() -> None:
    disguised = {obfuscated("free casino bonus", "en", np.random.default_rng(seed)) for seed in range(40)}
    assert len(disguised) > 30
    assert any("@" in line or "0" in line for line in disguised)
    assert any("*" in line or "." in line for line in disguised)


def test_texts_without_prose_of_the_language_are_refused() -> None:
    with pytest.raises(ValueError, match="no line of zh prose"):
        junk.make("mojibake", "zh", ["Only English here, and nothing else."], 1, 1)
