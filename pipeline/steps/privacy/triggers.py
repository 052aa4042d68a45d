"""Pairs of bytes by which the scan knows that a candidate may be there."""

from __future__ import annotations

import numpy as np

from pipeline.steps.privacy import fullwidth, invisible
from pipeline.steps.privacy.kinds import (
    api_key_and_token,
    authorization_header,
    email,
    ip_address,
    password_after_han,
    password_in_code,
    password_in_command,
    private_key,
    url,
    wechat_id,
)
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

DIGIT = 1 << 0
EMAIL = 1 << 1
URL_SCHEME = 1 << 2
URL_WWW = 1 << 3
IPV6 = 1 << 4
PASSWORD = 1 << 5
PRIVATE_KEY = 1 << 6
KEY_PREFIX = 1 << 7
KEY_CAPITALS = 1 << 8
FULLWIDTH = 1 << 9
FULLWIDTH_SMALL = 1 << 10
WECHAT_NAME = 1 << 11
WECHAT_SHORT_NAME = 1 << 12
WECHAT_HAN_NAME = 1 << 13
OPTION = 1 << 14
AUTHORIZATION = 1 << 15
_HAN_NAMES = {1 << 16 + index: pair for index, pair in enumerate(password_after_han.TRIGGERS)}
SECRET_HAN_NAME = sum(_HAN_NAMES)
INVISIBLE, SOFT_HYPHEN = 1 << 30, 1 << 31

_PAIRS = {
    DIGIT: (b"0123456789", bytes(range(256))),
    EMAIL: email.TRIGGER,
    URL_SCHEME: url.SCHEME_TRIGGER,
    URL_WWW: url.WWW_TRIGGER,
    IPV6: ip_address.V6_TRIGGER,
    PASSWORD: password_in_code.TRIGGER,
    PRIVATE_KEY: private_key.TRIGGER,
    KEY_PREFIX: api_key_and_token.PREFIX_TRIGGER,
    KEY_CAPITALS: api_key_and_token.CAPITALS_TRIGGER,
    FULLWIDTH: fullwidth.TRIGGER,
    FULLWIDTH_SMALL: fullwidth.SMALL_LETTERS_TRIGGER,
    WECHAT_NAME: wechat_id.NAME_TRIGGER,
    WECHAT_SHORT_NAME: wechat_id.SHORT_NAME_TRIGGER,
    WECHAT_HAN_NAME: wechat_id.HAN_NAME_TRIGGER,
    OPTION: password_in_command.TRIGGER,
    AUTHORIZATION: authorization_header.TRIGGER,
    INVISIBLE: invisible.TRIGGER,
    SOFT_HYPHEN: invisible.SOFT_HYPHEN_TRIGGER,
    **_HAN_NAMES,
}
"""Which bytes may be first, and which second, in a pair that is a trigger."""


def _trigger_tables() -> np.ndarray:
    """uint32 [2, 256]: which triggers have each byte first, and which second."""
    tables = np.zeros((2, 256), np.uint32)
    for bit, pair in _PAIRS.items():
        for place, characters in enumerate(pair):
            tables[place, list(characters)] |= bit
    return tables


FIRST, SECOND = _trigger_tables()
_ONE = np.uint64(1)


@kernel_without_refcounts
def next_trigger(data, at, end, firsts, seconds):  # type: ignore[no-untyped-def]
    """The first byte from ``at`` on that is a trigger. Nearly all bytes are passed here, so the loop does
    nothing else."""
    position, last = np.uint64(at), np.uint64(end - 1)  # an index that cannot be negative needs no check
    while position < last:
        if firsts[data[position]] & seconds[data[position + _ONE]]:
            return np.int64(position)
        position += _ONE
    return end if at >= end or not firsts[data[end - 1]] & DIGIT else end - 1


@kernel_without_refcounts
def triggers_at(data, at, end, firsts, seconds):  # type: ignore[no-untyped-def]
    """The bits of the pair at ``at``; a digit that is the last byte has no second."""
    return firsts[data[at]] & (seconds[data[at + 1]] if at + 1 < end else DIGIT)
