"""Credentials of the header Authorization: ``Bearer`` (RFC 6750), ``Basic`` (RFC 7617) and ``Token``."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error

import numpy as np

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import ALNUM
from pipeline.steps.privacy.byte_matching import text_stands_at
from pipeline.steps.privacy.secret_looks import is_example, is_mixed, looks_random
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import CASE_BIT, DASH, DOT, EQUALS, PLUS, SLASH, TILDE, UNDERSCORE

CANDIDATE = 1 << 26
TRIGGER = (b"B", b"ea")
_BEARER, _BASIC = (np.frombuffer(text, np.uint8) for text in (b"bearer ", b"basic "))
_SHORTEST, _LONGEST, _SHORTEST_BEARER = 8, 512, 16
_BEARER_BEFORE = re.compile(rb"bearer {1,2}\Z", re.IGNORECASE)
_BASIC_BEFORE = re.compile(rb"authorization[^\n]{0,20}basic {1,2}\Z", re.IGNORECASE)
_USER_AND_PASSWORD = re.compile(rb"[\x20-\x7e]+:[\x20-\x7e]+")


@kernel_without_refcounts
def find_credentials(data, at, begin, end, classes):  # type: ignore[no-untyped-def]
    """What stands after the Bearer or Basic at ``at``: first byte (-1: none) and end."""
    if text_stands_at(data, at, begin, end, _BEARER, CASE_BIT):
        first = at + _BEARER.size
    elif text_stands_at(data, at, begin, end, _BASIC, CASE_BIT):
        first = at + _BASIC.size
    else:
        return -1, at
    last, stop = first, min(end, first + _LONGEST)
    while last < stop and (
        classes[data[last]] & ALNUM or data[last] in (DASH, DOT, UNDERSCORE, TILDE, PLUS, SLASH, EQUALS)
    ):
        last += 1
    return (first, last) if last - first >= _SHORTEST else (-1, at)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A token of Bearer that looks made at random; credentials of Basic that are a user and a password, or
    look so too."""
    value = found.rstrip(b".")
    if is_example(value):
        return 0
    if _BEARER_BEFORE.search(before):
        is_secret = len(value) >= _SHORTEST_BEARER and is_mixed(value) and looks_random(value)
    else:
        is_secret = _BASIC_BEFORE.search(before) is not None and _is_basic(value)
    return len(value) if is_secret else 0


def _is_basic(value: bytes) -> bool:
    try:
        decoded = b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except Error:
        return False
    is_random = len(value) >= _SHORTEST_BEARER and is_mixed(value) and looks_random(value)
    return is_random or _USER_AND_PASSWORD.fullmatch(decoded) is not None


KIND = BuiltInKind(
    name="password",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        'curl -H "Authorization: Bearer ⟦h7Gd93kLmQ2pXz5cZk8vQ2mN7xR4tB9w⟧" here',
        "Authorization: Basic ⟦YWRtaW46WmsW8vUTJtTjd4UjR0Qjl3⟧",
        "'Authorization': 'Basic ⟦dXNlcjpodW50ZXIy⟧'",
    ),
    near_misses=(
        "Authorization: Bearer <token>, Bearer your-token-1234567890",
        "Authorization: Bearer {token}",
        "Bearer bonds2024 and Basic training101",
        "Authorization: Basic authentication",
        "Bearer AuthenticationMiddleware2",
    ),
)
