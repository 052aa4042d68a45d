"""No datum is ruled out by a kernel that a plain expression finds and its validator confirms."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.schema.privacy import PrivacyKind
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.replace import replace
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import text_buffers
from tests.pipeline.steps.privacy import references
from tests.pipeline.steps.privacy.labelled import ANNOUNCED
from tests.pipeline.steps.privacy.near_misses import NEAR_MISSES
from tests.pipeline.steps.privacy.values import VALUES

KINDS: tuple[PrivacyKind, ...] = (
    "plate_cn", "mac", "id_card_cn", "iban", "passport_cn", "credit_code_cn", "qq", "wechat", "password", "private_key"
)  # fmt: skip
WORDS = {
    "qq": ("QQ", "qq", "群", "号", " number ", " id: ", "交流", "：", "、", "12345"),
    "wechat": ("微信", "WeChat", "vx", "加", "号", "账号", " ID", "：", "是", "_", "-"),
    "passport_cn": ("护照", "passport", "号码", " No. "),
    "password": ("password", "db_token", "apiKey", " = ", ": ", ":=", "'", '"', "]", " "),
    "plate_cn": ("京", "粤B", "·", "•", "警", "学"),
    "mac": (":", "-", "00", "a1", "mac ", ".", "001a.", "2B3C"),
    "id_card_cn": ("A123456789", "A123456(3)", "身份證", "HKID ", "(", ")", "（", "A1"),
    "iban": (" ", "DE89", "GB82", "0000"),
}
GLUE = st.text(
    st.one_of(st.sampled_from("aA1 _-:.，。·中\n"), st.characters(exclude_categories=["Cs"])), max_size=3
)


def texts(kind: PrivacyKind) -> st.SearchStrategy[str]:
    """Data of the kind and what looks like them, announced or not, with anything between them."""
    seeds = st.integers(0, 999).map(Random)
    data, near = seeds.map(VALUES[kind]), seeds.map(NEAR_MISSES[kind])
    announced = st.tuples(st.sampled_from(ANNOUNCED.get(kind, ("{}",))), st.one_of(data, near)).map(
        lambda pair: pair[0].replace("{{", "{").replace("}}", "}").replace("{}", pair[1])
    )
    pieces = st.one_of(data, announced, near, GLUE, st.sampled_from(WORDS.get(kind, ("a",))))
    return st.lists(pieces, max_size=7).map("".join)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150)
@given(data=st.data())
def test_no_word_is_ruled_out_that_an_expression_finds(kind: PrivacyKind, data: st.DataObject) -> None:
    text = data.draw(texts(kind))
    buffers = text_buffers(pa.array([text]))
    found = {
        (start, end)
        for start, end, _ in detect(
            buffers, whole_documents(buffers, np.zeros(1, np.int64)), frozenset([kind])
        ).tolist()
    }
    assert set(references.words(text.encode(), kind)) <= found


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([*"0aF:.zg 中", "2001:", "fe80::", "db8", "12ab", "::", "ffff", "/64"]), max_size=16
    ).map("".join)
)
def test_ipv6(text: str) -> None:
    buffers = text_buffers(pa.array([text]))
    found = detect(buffers, whole_documents(buffers, np.zeros(1, np.int64)), frozenset(["ip"])).tolist()
    assert [(start, end) for start, end, _ in found] == references.numbers(text.encode(), "ip")


@settings(max_examples=200)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4), st.data())
def test_replacing_against_slices(documents: list[str], data: st.DataObject) -> None:
    array = pa.array(["前", *documents, "后"], pa.string()).slice(1, len(documents))
    fillings = [b"", b"<A>", "占位".encode()]
    findings, expected, offset = [], [], int(text_buffers(array).offsets[0])
    for document in documents:
        borders = sorted(data.draw(st.sets(st.integers(0, len(document)), max_size=4)))
        out, at = "", 0
        for first, last in zip(borders[::2], borders[1::2], strict=False):
            choice = data.draw(st.integers(0, 2))
            place = offset + len(document[:first].encode())
            findings.append([place, place + len(document[first:last].encode()), choice])
            out += document[at:first] + fillings[choice].decode()
            at = last
        expected.append(out + document[at:])
        offset += len(document.encode())
    replaced = replace(array, np.array(findings, np.int64).reshape(-1, 3), fillings)
    replaced.validate(full=True)
    assert replaced.to_pylist() == expected
