"""The step manifest: what does not add up is refused when it is made, so that no such manifest is ever
written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.schema.steps import KEPT, Count, File, Part, StepManifest, merge_counts, merge_metrics


def file(name: str, rows: int) -> File:
    return File(path=f"{name}.arrow", sha256="0" * 64, bytes=1, rows=rows)


def count(documents: int, reason: str = KEPT, source: str = "pep20", language: str = "en") -> Count:
    return Count(source=source, language=language, reason=reason, documents=documents, bytes=30 * documents)


COUNTS = (count(7), count(2, "near_duplicate"), count(1, "short_text"))


def part(**changes: Any) -> Part:
    """Seven documents kept and three rejected."""
    whole: dict[str, Any] = {
        "index": 4,
        "kept": file("kept", 7),
        "rejected": file("rejected", 3),
        "documents_in": 10,
        "counts": COUNTS,
    }
    return Part(**whole | changes)


def manifest(**changes: Any) -> StepManifest:
    """Two such parts."""
    counts = merge_counts([COUNTS, COUNTS])
    whole: dict[str, Any] = {
        "step": "dedup", "step_version": 1, "fingerprint": "", "input_sha256": "", "settings": {}, "documents_in": 20,
        "documents_kept": 14, "counts": counts, "metrics": {}, "parts": (part(), part()),
    }  # fmt: skip
    return StepManifest(**whole | changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"kept": file("kept", 6)},
            r"10 in, 7 counted as kept \(6 written\), 3 counted as rejected \(3 written\)",
        ),
        (
            {"rejected": file("rejected", 4)},
            r"10 in, 7 counted as kept \(7 written\), 3 counted as rejected \(4 written\)",
        ),
        (
            {"documents_in": 11},
            r"11 in, 7 counted as kept \(7 written\), 3 counted as rejected \(3 written\)",
        ),
        ({"documents_in": 9}, r"9 in, 7 counted as kept"),
        (
            {"counts": COUNTS[:2]},
            r"10 in, 7 counted as kept \(7 written\), 2 counted as rejected \(3 written\)",
        ),
        (
            {"counts": (count(10),)},
            r"10 in, 10 counted as kept \(7 written\), 0 counted as rejected \(3 written\)",
        ),
    ],
)
def test_a_part_that_lost_or_won_a_document_is_refused(changes: dict[str, Any], told: str) -> None:
    assert part().documents_in == 10
    with pytest.raises(ValueError, match=rf"documents are not conserved in part 4: {told}"):
        part(**changes)


@pytest.mark.parametrize(
    "counts",
    [
        COUNTS,
        (count(14, source="peps"), *merge_counts([COUNTS, COUNTS])[1:]),
        (count(14, language="zh"), *merge_counts([COUNTS, COUNTS])[1:]),
        (count(14), count(3, "near_duplicate"), count(3, "short_text")),
        tuple(reversed(merge_counts([COUNTS, COUNTS]))),
    ],
)
def test_counts_that_are_not_those_of_the_parts_are_refused(counts: tuple[Count, ...]) -> None:
    with pytest.raises(ValueError, match="dedup: the counts do not add up to those of the parts"):
        manifest(counts=counts)


@pytest.mark.parametrize(
    "changes", [{"documents_in": 21}, {"documents_in": 19}, {"documents_kept": 13}, {"documents_kept": 15}]
)
def test_a_total_that_is_not_that_of_the_counts_is_refused(changes: dict[str, int]) -> None:
    assert manifest().documents_in == 20
    told = rf"dedup: {changes.get('documents_in', 20)} documents in, but kept \+ rejected = 20"
    with pytest.raises(ValueError, match=told):
        manifest(**changes)


NAMES = st.sampled_from(["", "en", "zh", "pep20", "论语", "short_text"])
GROUPS = st.lists(
    st.lists(st.builds(count, st.integers(0, 9), NAMES, NAMES, NAMES), max_size=5).map(tuple), max_size=4
)


@given(GROUPS)
def test_counts_are_added_by_what_they_count_and_sorted(groups: list[tuple[Count, ...]]) -> None:
    merged = merge_counts(groups)
    keys = [(one.source, one.language, one.reason) for one in merged]
    assert keys == sorted(set(keys))
    documents: Counter[tuple[str, str, str]] = Counter()
    for one in (one for group in groups for one in group):
        documents[one.source, one.language, one.reason] += one.documents
    assert {key: one.documents for key, one in zip(keys, merged, strict=True)} == documents
    assert all(one.bytes == 30 * one.documents for one in merged)
    assert merge_counts(groups[::-1]) == merge_counts([group[::-1] for group in groups]) == merged


@given(st.lists(st.dictionaries(NAMES, st.integers(0, 9))))
def test_metrics_are_added_by_name_and_sorted(groups: list[dict[str, int]]) -> None:
    merged = merge_metrics(groups)
    assert list(merged) == sorted({name for group in groups for name in group})
    assert all(value == sum(group.get(name, 0) for group in groups) for name, value in merged.items())
