"""What the report hides of texts from before the privacy step."""

from __future__ import annotations

import pyarrow as pa
import pytest

from manifests.report.examples import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("张三：zhang.san@example.org，电话 138-1234-5678。", "张三：‹e-mail›，电话 ‹number›。"),
        ("zhang@例子.中国 和 a@bücher.example", "‹e-mail› 和 ‹e-mail›"),
        ("密码：Abc123x 请改", "密码：‹secret› 请改"),
        ("DB_PASSWORD=hunter2; x", "DB_PASSWORD=‹secret› x"),
        ('"api_key": "sk-abc"', '"api_key": ‹secret›'),
        ("Authorization: Bearer abcdefgh", "Authorization: Bearer ‹secret›"),
        ("微信：li_lei_99", "微信：‹secret›"),
        ("AKIAIOSFODNN7EXAMPLE here", "‹key› here"),
        ("card 4111 1111 1111 1111, IBAN GB82 WEST 1234 5698 7654 32", "card ‹number›, IBAN ‹number› 32"),
        ("身份证 11010119900307451X", "身份证 ‹number›"),
        ("eth0 00:1a:2b:3c:4d:5e up", "eth0 ‹address› up"),
        ("+86 138 1234 5678 or 93.184.216.34", "+‹number› or ‹number›"),
    ],
)
def test_what_could_be_personal_is_hidden(text: str, shown: str) -> None:
    assert masked(pa.array([text]), 200).to_pylist() == [shown]


@pytest.mark.parametrize(
    "text",
    ["Python 3.11 of 2023", "第 3.1.4 节，共 2010 年", "tokens: 12", "utf8_slice_codeunits(text, 0, 12)", "password: str", "学而时习之"],
)  # fmt: skip
def test_what_is_nobodys_stays(text: str) -> None:
    assert masked(pa.array([text]), 200).to_pylist() == [text]


def test_a_cut_leaves_no_half_of_an_address() -> None:
    text = "x" * 95 + " tim.peters@python.example"
    assert masked(pa.array([text]), 100).to_pylist() == ["x" * 95 + " ‹e-m"]
