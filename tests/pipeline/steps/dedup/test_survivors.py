"""What is rejected is similar to a document that stays: chains, rolling pages, version histories, templates."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from manifests.schema.base import load
from manifests.schema.dedup import DedupSettings
from manifests.schema.steps import StepManifest
from manifests.verify_dedup import duplicates_without_survivor
from tests.pipeline.steps.dedup.finished import Finished, finish
from tests.pipeline.steps.dedup.test_dedup_step import GETTYSBURG, LICENCE, ORIGIN

NEAR = DedupSettings(paragraphs=False)
HAN = [chr(point) for point in range(0x4E00, 0x4E00 + 3000)]
WORDS = [
    f"{first}{middle}{last}"
    for first in "bdfgk"
    for middle in ("ar", "el", "in", "or", "un")
    for last in "aeiouymnst"
]


def units(language: str, number: int, seed: int = 1) -> list[str]:
    """So many random words or Chinese characters."""
    return random.Random(seed).choices(WORDS if language == "en" else HAN, k=number)


def joined(language: str, some: list[str]) -> str:
    return (" " if language == "en" else "").join(some)


def shingles(language: str, text: str) -> set[tuple[str, ...]]:
    found = text.split() if language == "en" else list(text)
    return {tuple(found[place : place + 5]) for place in range(len(found) - 4)}


def similarity(language: str, one: str, other: str) -> float:
    first, second = shingles(language, one), shingles(language, other)
    return len(first & second) / len(first | second)


def check(language: str, rows: list[dict[str, str]], found: Finished) -> None:
    """Every rejected document is similar to the survivor that its detail names, which stays; and verification
    agrees."""
    texts = {row["id"]: row["text"] for row in rows}
    for name, (reason, detail) in found.rejected.items():
        survivor = detail.split("survivor=")[1].split()[0]
        assert reason == "near_duplicate"
        assert survivor in found.texts
        assert similarity(language, texts[name], texts[survivor]) > 0.7, (name, survivor)
    manifest = load(found.folder / "manifest.json", StepManifest)
    assert duplicates_without_survivor(found.folder, manifest) == []


def windows(language: str, size: int, step: int, number: int) -> list[dict[str, str]]:
    """Windows over one long text, each one a step further."""
    text = units(language, size + step * number)
    return [
        {"id": f"{place:04d}", "text": joined(language, text[place * step :][:size]), "language": language}
        for place in range(number)
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("size", "step"), [(400, 24), (400, 40), (300, 6), (900, 9)])
def test_a_chain_keeps_all_that_no_document_left_is_similar_to(
    tmp_path: Path, language: str, size: int, step: int
) -> None:
    rows = windows(language, size, step, 60)
    found = finish(tmp_path, rows, NEAR, parts=3)
    check(language, rows, found)
    assert len(found.rejected) > 15, "what repeats goes"
    kept = set[tuple[str, ...]]().union(*(shingles(language, text) for text in found.texts.values()))
    every = set[tuple[str, ...]]().union(*(shingles(language, row["text"]) for row in rows))
    assert len(every - kept) <= 0.3 * size, "and nothing else, but for what the last document says alone"


def test_a_page_saved_every_day_keeps_its_news(tmp_path: Path) -> None:
    news = [joined("zh", units("zh", 40, seed)) + "。" for seed in range(300)]
    rows = [
        {"id": f"{day:03d}", "text": "".join(news[day * 6 :][:60]), "language": "zh"} for day in range(40)
    ]
    found = finish(tmp_path, rows, NEAR)
    check("zh", rows, found)
    left = "".join(found.texts.values())
    assert len(found.rejected) >= 15
    assert sum(item in left for item in news[: 39 * 6 + 60]) >= 288


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_version_history_keeps_a_version_of_every_state(tmp_path: Path, language: str) -> None:
    """Each version replaces a few words of the one before, anywhere; after hundreds, nothing is left of the
    first."""
    chance, text, rows = random.Random(5), units(language, 500), []
    for version in range(300):
        rows.append({"id": f"v{version:03d}", "text": joined(language, text), "language": language})
        for place in chance.sample(range(500), 3):
            text[place] = units(language, 1, version * 10 + place)[0]
    found = finish(tmp_path, rows, NEAR, parts=3)
    check(language, rows, found)
    assert 5 < len(found.texts) < 60
    for row in rows:
        best = max(similarity(language, row["text"], text) for text in found.texts.values())
        assert best > 0.7, row["id"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_template_s_thousand_pages_are_dropped_for_those_that_stay(tmp_path: Path, language: str) -> None:
    """More pages than each is paired with; each has the template and some words of its own."""
    template = units(language, 400)
    rows = []
    for page in range(600):
        own = units(language, 30, 1000 + page)
        rows.append({"id": f"p{page:04d}", "text": joined(language, [*template, *own]), "language": language})
    found = finish(tmp_path, rows, NEAR)
    check(language, rows, found)
    assert len(found.texts) == 1
    assert found.metrics["clusters/600"] == 1


def test_the_same_documents_in_another_order_have_the_same_survivors(tmp_path: Path) -> None:
    rows = windows("en", 400, 24, 50) + windows("zh", 400, 24, 50)
    rows = [{**row, "id": f"{row['language']}{row['id']}"} for row in rows]
    first = finish(tmp_path / "first", rows, NEAR)
    random.Random(3).shuffle(rows)
    second = finish(tmp_path / "second", rows, NEAR, parts=5)
    assert (second.texts, second.rejected) == (first.texts, first.rejected)


def test_a_chain_in_an_index_and_on_from_it_is_judged_as_a_joint_one(tmp_path: Path) -> None:
    rows = [{**row, "perplexity": 10.0 + int(row["id"])} for row in windows("zh", 400, 24, 80)]
    old = finish(tmp_path / "old", rows[:37], NEAR)
    new = finish(tmp_path / "new", rows[37:], NEAR.model_copy(update={"index": (str(old.folder),)}))
    joint = finish(tmp_path / "joint", rows, NEAR, parts=4)
    assert {**old.texts, **new.texts} == joint.texts
    verdicts = {name: detail.split(" index=")[0] for name, (_, detail) in new.rejected.items()}
    assert verdicts == {row["id"]: joint.rejected[row["id"]][1] for row in rows[37:] if row["id"] in verdicts}


def test_survivors_say_how_many_documents_they_stand_for(tmp_path: Path) -> None:
    rows = [
        {"id": "g1", "text": GETTYSBURG}, {"id": "g2", "text": GETTYSBURG}, {"id": "g3", "text": GETTYSBURG + " Yes."},
        {"id": "o", "text": ORIGIN}, {"id": "empty", "text": ""},
    ]  # fmt: skip
    found = finish(tmp_path, rows)
    assert found.duplicates == {"g3": 3, "o": 1, "empty": 1}


def test_what_others_are_rejected_for_stays_whole_though_all_its_paragraphs_stand_elsewhere(
    tmp_path: Path,
) -> None:
    rows = [
        {"id": "one", "text": f"{GETTYSBURG}\n\n{LICENCE}", "source": "best"},
        {"id": "two", "text": f"{ORIGIN}\n\n{GETTYSBURG}", "source": "best"},
        {"id": "copy", "text": f"{LICENCE}\n\n{ORIGIN}\n"},
        {"id": "copy of it", "text": f"{LICENCE}\n\n{ORIGIN}"},
    ]
    found = finish(tmp_path, rows)
    assert found.texts["copy"] == rows[2]["text"]
    assert "survivor=copy similarity=" in found.rejected["copy of it"][1]
    assert finish(tmp_path / "alone", rows[:3]).rejected["copy"][0] == "duplicate_paragraphs"
