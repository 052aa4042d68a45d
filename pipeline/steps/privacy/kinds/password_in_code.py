"""Passwords and other secrets that source code or a settings file assigns in quotes to a name that says so
(``db_password = '...'``, ``"client_secret": "..."``). No standard says what they look like; what is told
apart here are examples, templates and names in code."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_matching import code_of_three, codes, is_one_of
from pipeline.steps.privacy.entropy import entropy
from pipeline.text.arrow.kernel import kernel
from pipeline.text.unicode.byte_names import CLOSING_BRACKET, COLON, DOUBLE_QUOTE, QUOTE, SPACE

CANDIDATE = 1 << 17
TRIGGER = (b":=", b"\"' ")
SECRET_NAMES = (
    *(
        b"password passwd pwd passphrase token secret secret_key secretkey api_key apikey access_key "
        b"accesskey access_token".split()
    ),
    *(
        b"auth_token client_secret private_token secret_token refresh_token api_token app_secret appsecret "
        b"api-key secret-key".split()
    ),
)
_NAME_ENDS = codes(name[-3:] for name in SECRET_NAMES)
_CASE_BITS_OF_THREE = 0x202020
_MOST_SPACES, _MOST_CLOSING, _SHORTEST, _LONGEST = 3, 4, 6, 128
_SHORTEST_TOKEN = 16  # names of tokens are also those of lexers and pages
_LEAST_ENTROPY = 2.5
_ASSIGNMENT_BEFORE = re.compile(
    rb"(?:\b|_|(?<=[a-z]))(?P<name>%b)[\"'\]]{0,2} ?(?::?=|:) {0,3}[\"']\Z"
    % b"|".join(re.escape(name) for name in sorted(SECRET_NAMES, key=len, reverse=True)),
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    rb"^(?:my|test)|pass(?:word|wd|phrase)|secret|token|your|example|changeme|change[_\-]?me|xxx|\*\*\*|\.\.\."
    rb"|api[_\-]?key|dummy|fake|sample|insert|here|none|null|true|false|required|invalid",
    re.IGNORECASE,
)
_CODE_OR_TEMPLATE = re.compile(rb"[{}<>()\[\]$%\\]|://|^[./]|^--")
_DIGIT, _LETTER = re.compile(rb"[0-9]"), re.compile(rb"[A-Za-z]")


@kernel
def _secret_is_named(data, sign, begin):  # type: ignore[no-untyped-def]
    """Whether a secret's name may end before the : or = at ``sign``: by its last three letters."""
    stop = sign
    while (
        stop > begin
        and data[stop - 1] in (SPACE, DOUBLE_QUOTE, QUOTE, COLON, CLOSING_BRACKET)
        and sign - stop < _MOST_CLOSING
    ):
        stop -= 1
    if stop - begin < 3:
        return False
    return is_one_of(code_of_three(data, stop - 3) | _CASE_BITS_OF_THREE, _NAME_ENDS)


@kernel
def find_assigned_secret(data, sign, begin, end):  # type: ignore[no-untyped-def]
    """The value in quotes that the : or = at ``sign`` assigns, if it may be to a secret's name: first byte
    (-1: none) and end."""
    opening = sign + 1
    while opening < end and data[opening] == SPACE and opening - sign <= _MOST_SPACES:
        opening += 1
    if opening >= end or data[opening] not in (DOUBLE_QUOTE, QUOTE):
        return -1, sign
    if not _secret_is_named(data, sign, begin):
        return -1, sign
    last = opening + 1
    while last < min(end, opening + 2 + _LONGEST) and data[last] != data[opening] and data[last] > SPACE:
        last += 1
    is_closed = last < end and data[last] == data[opening]
    return (opening + 1, last) if is_closed and last - opening > _SHORTEST else (-1, sign)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A value that looks made up by somebody: digits and letters mixed, and neither an example
    (your-password), a name in code, a path nor a template."""
    assigned = _ASSIGNMENT_BEFORE.search(before)
    if (
        not assigned
        or (assigned["name"].lower() == b"token" and len(found) < _SHORTEST_TOKEN)
        or _EXAMPLE.search(found)
        or _CODE_OR_TEMPLATE.search(found)
    ):
        return 0
    is_mixed = _DIGIT.search(found) and _LETTER.search(found)
    return len(found) if is_mixed and entropy(found) >= _LEAST_ENTROPY else 0


KIND = BuiltInKind(
    name="password",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "password = '⟦abcd1234⟧'",
        '"token": "⟦07c63.fb2823cG759.b20_852f337a6551bc⟧",',
        "config['secret_key'] = '⟦Guangzhou2019⟧'",
    ),
    near_misses=(
        "password = 'your-password-1'",
        'api_key="YOUR_API_KEY_HERE1"',
        "password = '${DB_PASSWORD1}'",
        'title = "x123456"',
    ),
)
