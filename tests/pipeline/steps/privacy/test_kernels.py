"""The native passes against their plain references, on text made of what is hard for them."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from manifests.schema.privacy import PrivacyKind
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.fullwidth import fold_fullwidth
from pipeline.steps.privacy.kinds import KINDS as BUILT_IN
from pipeline.steps.privacy.kinds import url
from pipeline.steps.privacy.kinds.api_key_and_token import KEY_PREFIXES
from pipeline.steps.privacy.number_joints import JOINTS
from pipeline.steps.privacy.windows import stretches_around, whole_documents
from pipeline.text.arrow.buffers import text_buffers
from tests.pipeline.steps.privacy import references
from tests.pipeline.steps.privacy.looks import KINDS, found

LINKS = st.lists(
    st.sampled_from(
        [
            *"a1.-_/:@?#()[]%&~ 中\n",
            "http://",
            "https://",
            "www.",
            "WWW.",
            "ws://",
            "git://",
            "a.b",
            "co.uk",
            "x" * 63,
            "1" * 64,
            "[::1]",
            "8.8.8.8",
            ":80",
            *("中国", ".中国", "例子.", "é", "пр", ".рф", "한국"),
        ]
    ),
    max_size=14,
).map("".join)
NUMBERS = st.lists(
    st.sampled_from(
        [
            *"0123456789 .-/()+xX中,:",
            "138",
            "1381234",
            "5678",
            "86",
            "0755",
            "010",
            "400",
            "(415)",
            "555",
            "2671",
            "10.",
            "192.168",
            "4111",
            "1111",
            "6222",
            "+44",
            "1949",
            "110105",
            "12310",
            "(852)",
            "886",
            "0912",
            "345",
            "1234567(8)",
        ]
    ),
    max_size=22,
).map("".join)
ADDRESSES = st.from_regex(
    r"[ .a(]{0,2}(\+?86[ -]?)?(1[3-9][0-9]{9}|0(10|755)[ )-]?[2-8][0-9]{6,7}|[48]00-[0-9]{3}-[0-9]{4}|"
    r"[2-9][0-9]{2}[-. ][2-9][0-9]{2}[-. ][0-9]{4}|\(?(00)?85[23][)-]?[ -]?[2-9][0-9]{3}[ -]?[0-9]{4}|"
    r"\(?0?[2-8][) -]{1,2}[2-8][0-9]{2,3}[ -]?[0-9]{4}|09[0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}|"
    r"1[3-9][0-9]{2}-[0-9]{4}-[0-9]{3}|[157][0-9]{6}\([0-9]\))[ -.0]{0,2}",
    fullmatch=True,
)


def _spans(text: str, kind: PrivacyKind) -> list[tuple[int, int]]:
    texts = text_buffers(pa.array([text]))
    return [
        (start, end)
        for start, end, _ in detect(
            texts, whole_documents(texts, np.zeros(1, np.int64)), frozenset([kind])
        ).tolist()
    ]


@settings(max_examples=200, deadline=None)
@given(LINKS)
@example("http://a.bc(d(e)f)")
@example("http://8.8.8.8@")
@example("xhttps://u:p@a.b.cd:99999/(x)")
@example("http://a.b.c.d.e.f.g.h.i.j.kk.ll/")
def test_urls(text: str) -> None:
    assert _spans(text, "url") == references.urls(text.encode())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*"ab1._-%+@ 中é", "com", ".中国", "例子.", "рф", "a.b", "x" * 70, "@163.com", ".py"]
        ),
        max_size=16,
    ).map("".join)
)
@example("a" * 70 + ".b@c.de")
def test_addresses(text: str) -> None:
    assert _spans(text, "email") == references.emails(text.encode())


@pytest.mark.parametrize("kind", ["phone_cn", "phone", "id_card_cn", "bank_card"])
@settings(max_examples=200, deadline=None)
@example(text="+86(852-30000000")
@given(text=st.one_of(NUMBERS, ADDRESSES, st.tuples(NUMBERS, ADDRESSES, NUMBERS).map("".join)))
def test_no_number_is_ruled_out_that_an_expression_finds(kind: PrivacyKind, text: str) -> None:
    assert _spans(text, kind) == references.numbers(text.encode(), kind)


@settings(max_examples=200, deadline=None)
@given(NUMBERS)
def test_ipv4(text: str) -> None:
    texts = text.replace(":", ";")  # IPv6 has a trigger of its own
    assert _spans(texts, "ip") == references.numbers(texts.encode(), "ip")


_NOTHING = "\u00ad\u200b"


def _narrow(document: str) -> list[str]:
    """What each character is read as."""
    read: list[str] = []
    joints = {joint: ascii for ascii, joints in JOINTS.items() for joint in joints}
    for at, letter in enumerate(document):
        following, rest = document[at + 1 : at + 2], document[at:]
        before = next((one for one in reversed(read) if one), "")
        is_joint = letter in joints and re.match("[0-9)]", before) and re.match("[0-9０-９(]", following)
        is_joint = is_joint or (re.match(f"[{_NOTHING}]+[0-9]", rest) and re.match("[0-9]", before))
        fullwidth = chr(ord(letter) - 0xFEE0) if "！" <= letter <= "～" and letter not in "，" else letter
        read.append(joints[letter] if is_joint else fullwidth)
    return read


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(alphabet="09AZaz＠０９ＡＺａｚ（）中。，x0\u00a0\u2011\u2014\u200b\u00ad", max_size=8),
        min_size=1,
        max_size=4,
    )
)
def test_folding_can_be_undone(documents: list[str]) -> None:
    texts = text_buffers(pa.array(documents))
    folded = fold_fullwidth(texts, np.arange(len(documents)))
    for row, document in enumerate(documents):
        begin, end = folded.texts.offsets[row : row + 2]
        narrow = _narrow(document)
        assert bytes(folded.texts.data[begin:end]).decode() == "".join(narrow)
        starts = np.cumsum([0, *(len(letter.encode()) for letter in narrow)])
        spans = np.array(
            [[begin + first, begin + last] for first, last in pairwise(starts)], np.int64
        ).reshape(-1, 2)
        restored = [
            bytes(texts.data[first:last]).decode() for first, last in folded.restore(spans, texts).tolist()
        ]
        # What is read as nothing belongs to one of its neighbours.
        assert [text.strip(_NOTHING) for text in restored if text] == [
            letter.strip(_NOTHING) for letter, read_as in zip(document, narrow, strict=True) if read_as
        ]


def test_full_width_text_is_matched_and_kept() -> None:
    assert found("电话：（０１０）６２３４５６７８转８。") == [("phone_cn", "（０１０）６２３４５６７８")]
    assert found("ＱＱ：１２３４５６７８，邮箱ｗａｎｇ＠１６３．ｃｏｍ") == [
        ("qq", "１２３４５６７８"),
        ("email", "ｗａｎｇ＠１６３．ｃｏｍ"),
    ]
    assert found("手机13812345678，１９９８年") == [("phone_cn", "13812345678")]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet="ab 中\n", max_size=400), min_size=1, max_size=4), st.data())
def test_stretches_around_replacements(documents: list[str], data: st.DataObject) -> None:
    texts = text_buffers(pa.array(documents))
    size = int(texts.offsets[-1])
    places = sorted(data.draw(st.lists(st.integers(0, size), min_size=1, max_size=6)))
    rows = np.minimum(np.searchsorted(texts.offsets, places, side="right") - 1, len(documents) - 1)
    spans = stretches_around(texts, rows, np.array(places, np.int64), np.array(places, np.int64)).tolist()
    covered = np.zeros(size + 1, bool)
    for (row, first, last), following in zip(spans, [*spans[1:], None], strict=True):
        assert texts.offsets[row] <= first <= last <= texts.offsets[row + 1]
        assert following is None or last <= following[1]
        assert first == texts.offsets[row] or not 33 <= texts.data[first - 1] <= 126
        covered[first:last] = True
    for row, place in zip(rows.tolist(), places, strict=True):
        begin, end = max(int(texts.offsets[row]), place - 192), min(int(texts.offsets[row + 1]), place + 192)
        assert covered[begin:end].all()


KEYS = st.lists(
    st.sampled_from(
        [*'aZ1._- "中=', "x" * 9, "Ab3" * 7, *(prefix.decode() for prefix in KEY_PREFIXES), "AKIA", "AIza"]
    ),
    max_size=14,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(KEYS, st.sampled_from(KEY_PREFIXES), st.text("abcXYZ_-9", min_size=14, max_size=60))
def test_no_key_is_ruled_out_that_an_expression_finds(around: str, prefix: bytes, body: str) -> None:
    for text in (around, f"{around} {prefix.decode()}{body}", f"“{prefix.decode()}{body}”{around}"):
        assert set(references.keys(text.encode())) <= set(_spans(text, "api_key"))


def test_every_kind_of_the_schema_is_in_the_registry_and_every_file_has_bits_of_its_own() -> None:
    assert {kind.name for kind in BUILT_IN} == set(KINDS)
    bits = [detector.candidate for kind in BUILT_IN for detector in kind.detectors]
    assert sum(bits) == sum(1 << bit for bit in range(27)) - url.CANDIDATE
