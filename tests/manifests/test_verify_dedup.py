"""What is rejected as a duplicate has a survivor that stays and is similar: verification finds where not."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from manifests.verify import verify
from tests.manifests.forged_run import edit, rewrite, seal, write_shards_step
from tests.manifests.small_run import DUPLICATE, ZEN, build_corpus
from tests.trainer.tiny import write_shards


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run; not to be changed."""
    run = tmp_path_factory.mktemp("sound")
    build_corpus(run)
    shutil.rmtree(run / "shards")
    write_shards(run)
    write_shards_step(run / "shards")
    return run


@pytest.fixture
def run(sound: Path, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(sound, tmp_path / "run"))


SURVIVOR = DUPLICATE.split("survivor=")[1].split()[0]
REJECTED = "dedup/rejected/part-00000.arrow"
DUPLICATES = len(ZEN) - 5


def problems(run: Path, detail: str) -> list[str]:
    """Of the run, where the first duplicate has this detail."""
    rewrite(run / REJECTED, "detail", lambda values: [detail, *values[1:]])
    seal(run)
    return verify(run).problems


def test_a_sound_run_has_no_problem(run: Path) -> None:
    assert problems(run, DUPLICATE) == []


@pytest.mark.parametrize(
    "detail",
    [
        "of another document",
        DUPLICATE.replace(SURVIVOR, "nobody"),
        DUPLICATE.replace("similarity=0.88", ""),
        None,
    ],
)
def test_a_duplicate_of_no_document_that_stays_is_found(run: Path, detail: str) -> None:
    (problem,) = problems(run, detail)
    told = rf"^{run / REJECTED}: 1 documents are rejected for a document that does not stay, such as '\w+'$"
    assert re.search(told, problem)


def test_a_duplicate_of_a_document_that_was_itself_rejected_is_found(run: Path) -> None:
    other = hashlib.md5(ZEN[6].encode()).hexdigest()
    (problem,) = problems(run, DUPLICATE.replace(SURVIVOR, other))
    assert "for a document that does not stay" in problem


@pytest.mark.parametrize(
    ("equal", "least", "unlike"), [(6, 0.75, 0), (5, 0.75, DUPLICATES), (7, 0.88, DUPLICATES), (7, 0.875, 0)]
)
def test_a_duplicate_that_is_less_similar_than_the_threshold_is_found(
    run: Path, equal: int, least: float, unlike: int
) -> None:
    """By the sketches of both, whatever is stated."""
    other: Callable[[list[Any]], list[Any]] = lambda values: [  # noqa: E731 - short
        bytes([*[1] * equal, *[2] * (8 - equal)]) if 2 in value else value for value in values
    ]
    rewrite(run / "dedup/keys/part-00000.arrow", "sketch", other)
    edit(
        run / "dedup" / "manifest.json", lambda content: content["settings"]["dedup"].update(similarity=least)
    )
    seal(run)
    found = verify(run).problems
    assert len(found) == (unlike > 0)
    for problem in found:
        assert (
            f"{unlike} documents are rejected for one that is less similar than dedup.similarity" in problem
        )


@pytest.mark.parametrize(("stated", "found"), [("0.75", 0), ("0.74", 1), ("1.00", 0)])
def test_of_an_earlier_run_s_document_the_stated_similarity_counts(
    run: Path, stated: str, found: int
) -> None:
    detail = f"cluster=0123 survivor=of an earlier run#7 similarity={stated} index=../old run/dedup"
    assert len(problems(run, detail)) == found


def test_an_exact_duplicate_may_be_dropped_for_a_less_similar_document_of_an_earlier_run(run: Path) -> None:
    rewrite(run / REJECTED, "reason", lambda values: ["exact_duplicate", *values[1:]])
    found = problems(run, "cluster=0123 survivor=old similarity=0.60 index=../old/dedup")
    assert [problem for problem in found if "rejected for" in problem] == []
