"""What the kinds' files say must be found, to the byte, and what only looks like it."""

from __future__ import annotations

import pytest

from pipeline.steps.privacy.kinds import KINDS
from tests.pipeline.steps.privacy.looks import found

EXAMPLES = [(kind.name, marked) for kind in KINDS for marked in kind.examples]
NEAR_MISSES = [(kind.name, text) for kind in KINDS for text in kind.near_misses]


@pytest.mark.parametrize(("kind", "marked"), EXAMPLES)
def test_the_datum_is_found_to_the_byte(kind: str, marked: str) -> None:
    value = marked.split("⟦")[1].split("⟧")[0]
    assert found(marked.replace("⟦", "").replace("⟧", "")) == [(kind, value)]


@pytest.mark.parametrize(("kind", "text"), NEAR_MISSES)
def test_a_near_miss_is_left_alone(kind: str, text: str) -> None:
    assert found(text) == []
    assert found(f"说明{text}结束") == found(text)


def test_every_kind_shows_what_it_finds_and_what_it_leaves() -> None:
    assert [kind.name for kind in KINDS if len(kind.examples) < 2 or len(kind.near_misses) < 3] == []


def test_neighbours_in_one_line() -> None:
    text = "张三13812345678/13912345678，zhang@163.com;li@qq.com 身份证11010519491231002X卡4111111111111111"
    assert [kind for kind, _ in found(text)] == [
        "phone_cn",
        "phone_cn",
        "email",
        "email",
        "id_card_cn",
        "bank_card",
    ]


def test_the_longest_of_nested_findings_is_counted_once() -> None:
    assert found("http://10.1.2.33/u?m=zhang@163.com") == [("url", "http://10.1.2.33/u?m=zhang@163.com")]
    assert found("+86 13812345678") == [("phone_cn", "+86 13812345678")]


def test_an_eighteen_digit_number_that_is_both_is_an_identity_card() -> None:
    number = "62010219900307181"  # Lanzhou; as a card it would be UnionPay's
    kinds = [[kind for kind, _ in found(number + check)] for check in "0123456789X"]
    assert kinds.count(["id_card_cn"]) == 1
    assert all(len(found_kinds) <= 1 for found_kinds in kinds)


@pytest.mark.parametrize("name", ["QQ", "QQ number", "QQ id", "QQ group"])
def test_one_word_may_be_between_a_qq_and_its_number(name: str) -> None:
    assert found(f"{name}: 415411, ask there") == [("qq", "415411")]


def test_a_qq_two_words_before_a_number_does_not_name_it() -> None:
    assert found("QQ group number: 415411, ask there") == []


def test_the_part_before_the_at_sign_has_64_bytes_at_most() -> None:
    address = "a" * 64 + "@example.org"
    assert found(f"write to {address}") == [("email", address)]
    assert found(f"write to a{address}") == []
