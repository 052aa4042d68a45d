"""Passwords and other secrets that Chinese text tells: 密码：…, 登录密码是 …, 令牌为 …."""

from __future__ import annotations

import re

from pipeline.steps.privacy.assigned_value import unquoted_end
from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import ALNUM
from pipeline.steps.privacy.byte_matching import code_of_three, codes, is_one_of
from pipeline.steps.privacy.secret_looks import is_chosen_secret, is_unquoted_secret
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

CANDIDATE = 1 << 23
NAMES = ("密码", "密碼", "口令", "密钥", "密鑰", "令牌", "授权码", "授權碼", "私钥", "私鑰")
TRIGGERS = tuple(sorted({(name.encode()[-2:-1], name.encode()[-1:]) for name in NAMES}))
"""The last two bytes of the names; few other characters end so."""

_LAST_CHARACTERS = codes(name[-1].encode() for name in NAMES)
_GAP = 20
_SIGN = "：|:|=|是|为|為|(?:设|設|改|重置|修改)(?:置)?(?:为|為|成)|叫"
_NAME_BEFORE = re.compile(
    f"(?:(?P<key>密钥|密鑰|私钥|私鑰|令牌)|{'|'.join(NAMES)})"
    f"(?P<sign>(?: |都|就|已|被|\\*)*(?:{_SIGN})?)".encode()
    + "(?: |\\*)*(?P<opening>(?:[\"'`(]|“|「|『|（){0,2})\\Z".encode()
)
_SHORTEST_KEY = 16  # shorter ones are mostly names of public keys


@kernel_without_refcounts
def find_after_han(data, at, begin, end, classes):  # type: ignore[no-untyped-def]
    """The first word after the name of a secret whose last two bytes are at ``at``: first byte (-1: none) and
    end."""
    if at - begin < 4 or not is_one_of(code_of_three(data, at - 1), _LAST_CHARACTERS):
        return -1, at
    first, stop = at + 2, min(end, at + 2 + _GAP)
    while first < stop and not classes[data[first]] & ALNUM:
        first += 1
    last = unquoted_end(data, first, end) if first < stop else -1
    return (first, last) if last >= 0 else (-1, at)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A value that a colon, 是 or a quote announces; without such a sign only what looks made at random."""
    named = _NAME_BEFORE.search(before)
    value = found.rstrip(b".:?!")
    if named is None or (named["key"] and len(value) < _SHORTEST_KEY):
        return 0
    is_told = named["sign"].strip(b" *") or named["opening"]
    return len(value) if (is_chosen_secret if is_told else is_unquoted_secret)(value) else 0


KIND = BuiltInKind(
    name="password",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "密码：⟦Zk8vQ2mN7xR4tB9w⟧，用户名：app",
        "登录密码是 ⟦Guangzhou2019⟧ 请勿外传",
        "初始密碼為「⟦abcd1234⟧」。",
        "口令改为⟦Zk8vQ2mN7xR4tB9w⟧。",
        "访问令牌 `⟦h7Gd93kLmQ2pXz5c9aQ⟧` 已",
    ),
    near_misses=(
        "密码：至少 8 位，含 A1",
        "密码为 your-password-1",
        "密码 sha256sum 加密",
        "令牌桶 bucket2024 算法",
        "密码是 ${DB_PASSWORD1}",
        "密码学与 RSA2048 算法",
        "公钥的密钥是 `86E5031a`",
    ),
)
