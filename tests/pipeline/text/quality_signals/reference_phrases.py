"""Phrases by their definitions, in plain Python."""

from __future__ import annotations

import math
from collections import Counter

from pipeline.text.quality_signals.document_stats import GENERATED_HEAD
from pipeline.text.quality_signals.phrases import HARD, SOFT, TOPICS, groups
from pipeline.text.unicode import character_classes

TABLE = character_classes.class_table()


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _inside_word(text: str, position: int) -> bool:
    """Whether an ASCII letter or digit has another letter or digit before it; phrases are not looked for
    there."""
    before = text[position - 1] if position else " "
    return (
        text[position].isascii()
        and text[position].isalnum()
        and bool(TABLE[ord(before)] & (character_classes.LETTER | character_classes.DIGIT))
        and not TABLE[ord(before)] & (character_classes.CJK | character_classes.FULL_WIDTH)
    )


def phrases_in(text: str) -> tuple[Counter[str], list[tuple[str, int]]]:
    """How often the phrases of each group occur, none in another; and all of them with their positions."""
    data, position_of, end = text.encode(), {}, 0
    for position, character in enumerate(text):
        position_of[end] = position
        end += len(character.encode())
    low, found, places, at = data.lower(), Counter[str](), [], 0
    while at < end:
        hit = None
        if at in position_of and not _inside_word(text, position_of[at]):
            hits = [
                (group, one)
                for group, all_ in groups().items()
                for one in all_
                if low.startswith(one.encode().lower(), at)
            ]
            hit = max(hits, key=lambda hit: len(hit[1].encode()), default=None)
        if hit is None:
            at += 1
            continue
        if hit[0] != "generated" or at < GENERATED_HEAD:
            found[hit[0]] += 1
        places.append((hit[0], position_of[at]))
        at += len(hit[1].encode())
    return found, places


def topics(places: list[tuple[str, int]], text: str, words: int) -> dict[str, float]:
    """Hard terms weigh 3, soft ones 1, in the company of two hard ones."""
    found = {}
    for topic in TOPICS:
        counts = Counter(group for group, _ in places)
        hard = f"{topic}/{HARD}"
        different = {_place_of(hard, text, place) % 62 for name, place in places if name == hard}
        weight = (3 * counts[hard] + counts[f"{topic}/{SOFT}"]) * (len(different) >= 2)
        found[f"{topic}_terms"] = _ratio(1000 * weight, words)
    return found


def _place_of(group: str, text: str, place: int) -> int:
    """Which of a group's phrases stands at a place: the longest that does."""
    low = text[place:].encode().lower()
    hits = [
        (len(one.encode()), index)
        for index, one in enumerate(groups()[group])
        if low.startswith(one.encode().lower())
    ]
    return max(hits)[1]


def of_phrases(
    found: Counter[str],
    places: list[tuple[str, int]],
    text: str,
    links: list[int],
    runs: list[tuple[int, str]],
    words: int,
) -> dict[str, float]:
    both = ("turning", "advertising")
    different = {(name, _place_of(name, text, place) % 62) for name, place in places if name in both}
    found["advertising"] += found["turning"] * (len(different) >= 2)
    names = {
        "html_tags": "html",
        "lorem_ipsum": "lorem",
        "javascript_notices": "javascript",
        "policy_phrases": "policy",
        "boilerplate_phrases": "boilerplate",
        "advertising_phrases": "advertising",
        "mojibake_marks": "mojibake",
    }
    url = 0
    for start, run in runs:
        inside = [link for link in links if start <= link < start + len(run)]
        url += start + len(run) - inside[0] if inside else 0
    return {name: _ratio(1000 * found[group], words) for name, group in names.items()} | {
        "generated_marks": found["generated"],
        "url_ratio": _ratio(url, len(text)),
    }
