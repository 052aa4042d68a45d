"""WeChat ids (微信号): six to twenty letters, digits, dashes and underscores, a letter first, as Tencent
gives them out. They are known by the name of WeChat before them."""

from __future__ import annotations

import re

import numpy as np

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import ALNUM, TOKEN, run_end
from pipeline.steps.privacy.byte_matching import code_of_three, codes, is_one_of, text_stands_at
from pipeline.steps.privacy.word_boundaries import WORD_CHARACTER
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import CAPITAL_A, CASE_BIT, SMALL_A, SMALL_V, SMALL_W, SMALL_Z

CANDIDATE = 1 << 13
NAME_TRIGGER = (b"wW", b"eE")
SHORT_NAME_TRIGGER = (b"xX", b" :=-_(" + bytes(range(0x80, 0x100)))
HAN_NAME_TRIGGER = (b"\xbf", b"\xa1")  # they end 信 (E4 BF A1), and few other characters
_HAN_LEAD, _HAN_MIDDLE = 0xE4, 0xBF
_BEFORE_HAN = codes(character.encode() for character in "微薇威")
_NAME = np.frombuffer(b"wechat", np.uint8)
_GAP, _SHORTEST, _LONGEST = 24, 6, 20
_NAME_BEFORE = re.compile(
    "(?P<add>加(?:我|个|下)?(?:的)?)?(?<![A-Za-z<])(?:wechat|微信|薇信|威信|[vw]x)".encode()
    + "(?P<label> ?(?:(?:id|no\\.?|number|account)(?![a-z])|号码|號碼|号|號|账号|帐号|帳號))?".encode()
    + "(?P<sign> ?(?:[:=]|：|是|为|為|is(?![a-z]))?)(?:[ \"'`“「【(\\[]|（){0,3}".encode()
    + rb"\Z",
    re.IGNORECASE,
)
_DIGIT_OR_UNDERSCORE = re.compile(rb"[0-9_]")


@kernel_without_refcounts
def _is_letter(byte):  # type: ignore[no-untyped-def]
    return SMALL_A <= byte | CASE_BIT <= SMALL_Z


@kernel_without_refcounts
def _name_end(data, at, begin, end):  # type: ignore[no-untyped-def]
    """Where the name of WeChat ends that is known by its byte at ``at``: wechat, wx, vx, or 微信, 薇信, 威信;
    -1 for none."""
    byte = data[at]
    if byte == _HAN_MIDDLE:
        is_han = at - begin >= 4 and data[at - 1] == _HAN_LEAD
        return at + 2 if is_han and is_one_of(code_of_three(data, at - 4), _BEFORE_HAN) else -1
    if byte | CASE_BIT == SMALL_W:
        return at + _NAME.size if text_stands_at(data, at, begin, end, _NAME, CASE_BIT) else -1
    is_short_name = (
        at > begin
        and data[at - 1] | CASE_BIT in (SMALL_V, SMALL_W)
        and (at - 1 == begin or not _is_letter(data[at - 2]))
    )
    return at + 1 if is_short_name else -1


@kernel_without_refcounts
def find_wechat_id(data, at, begin, end, classes):  # type: ignore[no-untyped-def]
    """The first word after the name of WeChat that could be an id: first byte (-1: none) and end."""
    position = _name_end(data, at, begin, end)
    stop = min(end, position + _GAP)
    while 0 <= position < stop:
        if classes[data[position]] & ALNUM:
            last = run_end(data, position, min(end, position + _LONGEST + 1), classes, TOKEN)
            if _SHORTEST <= last - position <= _LONGEST and data[position] >= CAPITAL_A:
                return position, last
            position = last
        position += 1
    return -1, at


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """An id announced as one. After the bare name (微信：, 加微信) only what is no common word: it has a
    digit or an underscore."""
    announced = _NAME_BEFORE.search(before)
    found = found.rstrip(b"-_")
    if announced is None or len(found) < _SHORTEST or WORD_CHARACTER.match(after):
        return 0
    is_likely = (announced["sign"].strip() or announced["add"]) and _DIGIT_OR_UNDERSCORE.search(found)
    return len(found) if announced["label"] or is_likely else 0


KIND = BuiltInKind(
    name="wechat",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "专属客服经理微信:⟦YH04551H⟧ 专属",
        "加微信⟦wang_123⟧咨询",
        "微信号：⟦A12345⟧",
        "微信号：⟦zz12345⟧",
        "编号12345vx:⟦wang_123⟧",
        "WeChat ID: ⟦zhangsan⟧,",
    ),
    near_misses=(
        "微信公众号 JavaGuide2",
        "微信小程序 wx.request",
        "WeChat Pay API v3",
        "企业微信 corp_id",
    ),
)
