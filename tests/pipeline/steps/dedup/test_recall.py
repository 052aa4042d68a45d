"""Recall and false removals on real text with planted pairs; the order of real documents does not matter."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.dedup_quality import documents, exact_pairs, measure
from benchmarks.sample import write
from tests.pipeline.at_hand import chapters, manuals, needs_texts
from tests.pipeline.steps.dedup.finished import finish

SHARED = Path(__file__).parents[5] / "shared" / "corpus"
WITH_CORPUS = pytest.mark.skipif(
    not SHARED.exists(), reason="the development corpus does not lie beside the checkout"
)


def at_hand(folder: Path) -> Path:
    """Manuals and chapters as files of the development corpus."""
    for language, texts in (("en", manuals()[::4]), ("zh", chapters())):
        write(
            folder / f"{language}.jsonl.gz",
            [{"id": str(number), "text": text} for number, text in enumerate(texts)],
        )
    return folder


@pytest.fixture(
    params=[pytest.param("at hand", marks=needs_texts), pytest.param("shared", marks=WITH_CORPUS)]
)
def texts(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of real documents in both languages."""
    return SHARED if request.param == "shared" else at_hand(tmp_path / "texts")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=12), max_size=8), st.sampled_from([0.5, 0.7, 0.9]))
def test_exact_pairs_are_those_of_all_comparisons(texts: list[list[int]], least: float) -> None:
    windows = [
        {tuple(text[first : first + 5]) for first in range(max(1, len(text) - 4))} if text else set()
        for text in texts
    ]
    expected = {}
    for one in range(len(texts)):
        for other in range(one):
            union = windows[one] | windows[other]
            similarity = len(windows[one] & windows[other]) / len(union) if union else 0.0
            if similarity >= least:
                expected[other, one] = similarity
    pairs, similarities = exact_pairs([" ".join(map(str, text)) for text in texts], least)
    assert dict(zip(map(tuple, pairs.tolist()), similarities.tolist(), strict=True)) == pytest.approx(
        expected
    )


def test_recall_and_false_removals_in_both_languages(texts: Path) -> None:
    for language, figures in measure(texts, copies=250 if texts == SHARED else 120, limit=200).items():
        assert figures["pairs"] > 150, language
        assert figures["recall"] >= 0.99, language
        assert figures["false_removals"] <= 0.01, language
        assert figures["bins"]["0.80"]["pairs"] > 20, language
        assert figures["bins"]["0.80"]["recall"] >= 0.95, language


def test_shuffled_real_documents_in_other_parts_have_the_same_survivors(tmp_path: Path, texts: Path) -> None:
    rows = [row for language in ("en", "zh") for row in documents(texts, language, copies=40, limit=60)]
    rows = [{**row, "id": f"{row['language']}:{row['id']}"} for row in rows]
    results = []
    for seed, parts in ((0, 1), (1, 3), (2, 7)):
        random.Random(seed).shuffle(rows)
        results.append(replace(finish(tmp_path / str(seed), rows, parts=parts), folder=tmp_path))
    assert results[0] == results[1] == results[2]
    near = [detail for reason, detail in results[0].rejected.values() if reason == "near_duplicate"]
    assert len(near) > 40
    assert all(detail.startswith("cluster=") and " survivor=" in detail for detail in near)
