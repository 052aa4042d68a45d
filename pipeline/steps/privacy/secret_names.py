"""Names that code, settings and commands give to passwords and other secrets."""

from __future__ import annotations

import re

from pipeline.steps.privacy.byte_matching import code_of_three, codes, is_one_of
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import (
    BACKSLASH,
    BACKTICK,
    CASE_BIT,
    CLOSING_BRACKET,
    COLON,
    DOUBLE_QUOTE,
    EQUALS,
    QUOTE,
    SPACE,
    STAR,
)

SECRET_NAMES = (
    *b"password passwd pwd pswd passphrase passcode token secret secret_key secretkey api_key apikey".split(),
    *b"access_key accesskey access_token auth_token client_secret private_token secret_token".split(),
    *b"refresh_token api_token app_secret appsecret api-key secret-key access-key auth-key auth_key".split(),
    *b"account_key accountkey sharedaccesskey encryption_key signing_key master_key".split(),
)
_SHORT_NAME = b"pass"  # a word of its own, or after an underscore: compass = and bypass = are others
NAME_EXPRESSION = rb"(?:(?:\b|_|(?<=[a-z]))(?P<name>%b)|(?<![A-Za-z])(?P<short>%b))" % (
    b"|".join(re.escape(name) for name in sorted(SECRET_NAMES, key=len, reverse=True)),
    _SHORT_NAME,
)
"""Part of a regular expression, to be matched without regard to case: a name, or the end of one."""

_ENDS = codes(bytes(byte | CASE_BIT for byte in name[-4:]) for name in (*SECRET_NAMES, _SHORT_NAME))
_PWD = int.from_bytes(b"pwd", "big")
_LAST_LETTERS = tuple(sorted({name[-1] for name in (*SECRET_NAMES, _SHORT_NAME)}))
_CASE_BITS_OF_THREE = 0x202020
_MOST_CLOSING = 5


@kernel_without_refcounts
def _may_close(byte):  # type: ignore[no-untyped-def]
    """Whether a byte may stand between a name and the sign that assigns."""
    return byte in (SPACE, DOUBLE_QUOTE, QUOTE, BACKTICK, COLON, CLOSING_BRACKET, EQUALS, BACKSLASH, STAR)


@kernel_without_refcounts
def secret_is_named(data, sign, begin):  # type: ignore[no-untyped-def]
    """Whether a secret's name may end before the : or = or > at ``sign``: by its last four letters."""
    stop = sign
    while stop > begin and sign - stop < _MOST_CLOSING and _may_close(data[stop - 1]):
        stop -= 1
    if stop - begin < 3 or data[stop - 1] | CASE_BIT not in _LAST_LETTERS:
        return False
    three = code_of_three(data, stop - 3) | _CASE_BITS_OF_THREE
    if three == _PWD:
        return True
    return stop - begin > 3 and is_one_of((data[stop - 4] | CASE_BIT) << 24 | three, _ENDS)
