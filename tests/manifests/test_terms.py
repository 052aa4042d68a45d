from __future__ import annotations

import pytest
from pydantic import ValidationError

from manifests.schema.base import load
from manifests.schema.terms import FOLDER, TermList, terms


def test_every_list_is_valid_and_named_as_its_file() -> None:
    found = sorted(FOLDER.glob("*.yaml"))
    assert [load(file, TermList).name for file in found] == [file.stem for file in found]


def test_chinese_terms_are_in_both_scripts_and_english_ones_beside_them() -> None:
    hard = terms("spam_v1")["gambling"].hard
    assert {"娱乐城", "娛樂城", "online casino"} <= set(hard)


def _topics(**gambling: list[str]) -> dict[str, object]:
    return {"version": 1, "kind": "terms", "name": "own_v1", "topics": {"gambling": gambling}}


def test_a_term_has_one_topic_and_one_weight() -> None:
    with pytest.raises(ValidationError, match="'赌场' stands twice"):
        TermList.model_validate(_topics(hard=["赌场"], soft=["赌场"]))


def test_a_term_that_would_match_anywhere_is_refused() -> None:
    with pytest.raises(ValidationError, match="'bet' is shorter than 4 bytes"):
        TermList.model_validate(_topics(hard=["bet"]))
