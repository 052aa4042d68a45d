"""Passwords and other secrets that source code or a settings file assigns in quotes to a name that says so
(``db_password = '...'``, ``"client_secret": "..."``). No standard says what they look like; what is told
apart here are examples, templates and names in code."""

from __future__ import annotations

import re

from pipeline.steps.privacy.assigned_value import FIRST, SIGNS
from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.secret_looks import is_example, is_mixed
from pipeline.steps.privacy.secret_names import NAME_EXPRESSION

CANDIDATE = 1 << 17
TRIGGER = (SIGNS, FIRST)
SHORTEST_TOKEN = 16  # names of tokens are also those of lexers and pages
_ASSIGNMENT_BEFORE = re.compile(
    NAME_EXPRESSION + rb"[\"'\]\\*`]{0,4} ?(?::?={1,3}>?|:)[ \t*\\]{0,5}[bruflBRUFL@]?[\"'`]\Z", re.IGNORECASE
)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A value that looks made up by somebody: digits and letters mixed, and neither an example
    (your-password), a name in code, a path nor a template."""
    assigned = _ASSIGNMENT_BEFORE.search(before)
    if assigned is None or is_short_token(assigned, found) or is_example(found):
        return 0
    return len(found) if is_mixed(found) else 0


def is_short_token(assigned: re.Match[bytes], value: bytes) -> bool:
    """Whether the name is just ``token``, and the value too short for one."""
    return (assigned["name"] or b"").lower() == b"token" and len(value) < SHORTEST_TOKEN


KIND = BuiltInKind(
    name="password",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "password = '⟦abcd1234⟧'",
        '"token": "⟦07c63.fb2823cG759.b20_852f337a6551bc⟧",',
        "config['secret_key'] = '⟦Guangzhou2019⟧'",
        "'password' => '⟦abcd1234⟧',",
        "conn = connect(pwd=b'⟦abcd1234⟧')",
        'body = "{\\"password\\": \\"⟦abcd1234⟧\\"}"',
        "**Password:** `⟦abcd1234⟧`",
        'if (password == "⟦abcd1234⟧") {',
    ),
    near_misses=(
        "password = 'your-password-1'",
        'api_key="YOUR_API_KEY_HERE1"',
        "password = '${DB_PASSWORD1}'",
        'title = "x123456"',
        'class="x123456y" compass="x123456y"',
    ),
)
