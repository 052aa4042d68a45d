"""Arithmetic of replacement: nothing is left to find, and no other byte changes."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.schema.privacy import PrivacySettings
from pipeline.steps.privacy.scrub import scrub
from pipeline.steps.privacy.treatments import placeholder
from tests.pipeline.steps.privacy.looks import KINDS, PLACEHOLDERS, REMOVE, found, scrubbed

PIECES = st.sampled_from(
    [
        *(
            "13812345678",
            "zhang@163.com",
            "https://a.com/b",
            "11010519491231002X",
            "4111111111111111",
            "93.184.216.34",
            "010-62345678",
        ),
        *(
            "+44 20 7946 0958",
            "fe80::1:2",
            "www.b.cn",
            "@",
            ".",
            "-",
            "/",
            ":",
            " ",
            "\n",
            "0",
            "86",
            "+",
            "(",
            ")",
            "手机",
            "，",
            "x",
            "é",
            "𠮷",
        ),
    ]
)
TEXTS = st.lists(
    st.one_of(PIECES, st.text(alphabet="0123456789abc.-/@:+() 电", max_size=6)), max_size=20
).map("".join)
_PLACEHOLDER = re.compile("|".join(placeholder(kind) for kind in KINDS))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_nothing_is_left_and_no_other_byte_changes(text: str) -> None:
    clean = scrubbed(text)
    assert found(clean) == []
    at = 0
    pieces = _PLACEHOLDER.split(clean)
    assert text.startswith(pieces[0])
    assert text.endswith(pieces[-1])
    for piece in pieces:
        at = text.index(piece, at) + len(piece)
    if not found(text):
        assert clean == text


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_removal_leaves_nothing_either(text: str) -> None:
    assert found(scrubbed(text, REMOVE)) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_documents_of_a_batch_do_not_touch_each_other(texts: list[str]) -> None:
    together = scrub(pa.array(["前", *texts, "后"]).slice(1, len(texts)), PLACEHOLDERS)
    assert together.texts.to_pylist() == [scrubbed(text) for text in texts]


def test_what_a_finding_hid_is_found_by_the_second_look() -> None:
    assert found("a@b.com-13812345678") == [("email", "a@b.com")]
    result = scrub(pa.array(["a@b.com-13812345678"]), PLACEHOLDERS)
    assert result.texts.to_pylist() == ["<EMAIL>-<PHONE_CN>"]
    assert {kind: int(count[0]) for kind, count in result.found.items() if count[0]} == {
        "email": 1,
        "phone_cn": 1,
    }


def test_kinds_that_are_not_named_are_left_alone() -> None:
    text = "zhang@163.com 13812345678 http://a.cn/?m=li@qq.com"
    only = PrivacySettings(actions={"email": "remove", "phone_cn": "placeholder"})
    assert scrubbed(text, only) == " <PHONE_CN> http://a.cn/?m="
    assert scrubbed(text, PrivacySettings(actions={})) == text


@pytest.mark.parametrize("texts", [[], [""], ["", "", "学"], ["", "zhang@163.com", ""]])
def test_empty_batches_and_documents(texts: list[str]) -> None:
    expected = [text.replace("zhang@163.com", "<EMAIL>") for text in texts]
    assert scrub(pa.array(texts, pa.string()), PLACEHOLDERS).texts.to_pylist() == expected
