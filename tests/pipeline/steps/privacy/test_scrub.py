"""Arithmetic of replacement: nothing is left to find, and no other byte changes."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.schema.privacy import IpSettings, PrivacySettings
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


RESERVED = (
    *"10.20.30.40 172.31.255.1 192.168.1.10 100.64.0.1 169.254.7.8 198.18.0.1 224.0.0.251 240.1.2.3".split(),
    *"fd12:3456:789a:1::1 fe80::1ff:fe23:4567:890a".split(),
)
SOMEBODYS = (
    *"61.135.169.121 172.32.0.1 192.169.1.10 100.128.0.1 203.0.113.77 11.20.30.40".split(),
    *"2409:8a00:1234:5678:abcd:ef01:2345:6789 2001:db8::1234".split(),
)


@pytest.mark.parametrize("address", RESERVED)
def test_a_reserved_address_stays_unless_it_is_to_be_treated(address: str) -> None:
    text = f"the host {address} answered"
    assert scrubbed(text, PrivacySettings(actions={"ip": "placeholder"})) == text
    treat = PrivacySettings(actions={"ip": "placeholder"}, ip=IpSettings(reserved="treat"))
    assert scrubbed(text, treat) == "the host <IP> answered"


@pytest.mark.parametrize("address", SOMEBODYS)
def test_an_address_that_can_be_somebodys_goes(address: str) -> None:
    assert scrubbed(f"地址{address}，", PrivacySettings(actions={"ip": "placeholder"})) == "地址<IP>，"


def test_reserved_addresses_are_not_counted_and_hide_nothing() -> None:
    settings = PrivacySettings(actions={"ip": "placeholder", "phone_cn": "placeholder"})
    result = scrub(pa.array(["192.168.1.10 and 61.135.169.121, 13812345678 at 10.0.0.9:22"]), settings)
    assert result.texts.to_pylist() == ["192.168.1.10 and <IP>, <PHONE_CN> at 10.0.0.9:22"]
    assert {kind: count.tolist() for kind, count in result.found.items()} == {"ip": [1], "phone_cn": [1]}


def test_an_address_in_full_width_digits_is_no_example() -> None:
    settings = PrivacySettings(actions={"ip": "placeholder"})
    assert scrubbed("写成１９２．１６８．３１．２２也", settings) == "写成<IP>也"


JOINED = (
    ("手机138\u00a00013\u00a08000里", "手机<PHONE_CN>里"),
    ("电话010\u201162345678；", "电话<PHONE_CN>；"),
    ("电话0755\u201482345678。", "电话<PHONE_CN>。"),
    ("手机\u200b138\u200b0013\u200b8000里", "手机\u200b<PHONE_CN>里"),
    ("+1\u00a0415\u2011555\u20110132 (office)", "<PHONE> (office)"),
    ("卡号4111\u202f1111\u202f1111\u202f1111。", "卡号<BANK_CARD>。"),
    ("1990\u20132020，第 12\u00a0页，5\u00a0MB", "1990\u20132020，第 12\u00a0页，5\u00a0MB"),
)


@pytest.mark.parametrize(("text", "clean"), JOINED)
def test_numbers_are_read_whatever_joins_their_groups(text: str, clean: str) -> None:
    assert scrubbed(text) == clean
