"""What the kernels compute, said plainly: expressions over the whole text, and no native code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pipeline.steps.privacy import identities
from pipeline.steps.privacy.credentials import password, private_key
from pipeline.steps.privacy.finders import FINDERS
from pipeline.steps.privacy.validators import email, mac, qq, wechat

_LABELS = rb"(?:[0-9A-Za-z_][0-9A-Za-z_\-]{0,62}+\.){1,10}"
_CHARACTERS = rb"0-9A-Za-z\-._~!$&*+,;=:@/?\#%"
EMAIL = re.compile(
    rb"(?<![0-9A-Za-z_]) [0-9A-Za-z_][0-9A-Za-z_.%+\-]{0,63}+ @ (?:[0-9A-Za-z][0-9A-Za-z_\-]{0,62}+\.){1,8} "
    rb"[A-Za-z]{2,24}",
    re.VERBOSE,
)
URL = re.compile(
    rb"""
    (?: (?: https? | ftps? | sftp | wss? | ssh | git | rtsp ) :// | (?<![0-9A-Za-z_.\-]) www\. )
    (?: [0-9A-Za-z._%%+~\-]{1,64}+ (?: :[0-9A-Za-z._%%+~!$*\-]{0,64}+ )? @ )?
    (?: %(labels)s (?: [A-Za-z][0-9A-Za-z_\-]{1,62}+ | [0-9]{1,3}+ (?![0-9A-Za-z_\-]) ) | \[[0-9A-Fa-f:.]{2,45}\] )
    (?: :[0-9]{1,5} )?
    (?: (?=[/?\#]) (?: [%(characters)s]++ | \([%(characters)s]*+\) )*+ )?
    """
    % {b"labels": _LABELS, b"characters": _CHARACTERS},
    re.VERBOSE | re.IGNORECASE,
)


def urls(text: bytes) -> list[tuple[int, int]]:
    """Spans, without the punctuation at their ends."""
    return [
        (match.start(), match.start() + len(match.group().rstrip(b".,;:!?*'~_-&")))
        for match in URL.finditer(text)
    ]


def emails(text: bytes) -> list[tuple[int, int]]:
    """Spans of addresses that the validator confirms."""
    return [
        match.span()
        for match in EMAIL.finditer(text)
        if email(match.group(), text[: match.start()], text[match.end() :])
    ]


def numbers(text: bytes, kind: str) -> list[tuple[int, int]]:
    """Spans that an expression finds anywhere in the text and its validator confirms."""
    spans = []
    for finder in FINDERS:
        match = finder.expression.search(text) if finder.kind == kind and finder.expression else None
        while match and finder.expression:
            start, end = match.span()
            size = finder.validate(match.group(), text[max(0, start - 64) : start], text[end : end + 8])
            if size:
                spans.append((start, start + size))
            match = finder.expression.search(text, start + size if size else start + 1)
    return sorted(spans)


def keys(text: bytes) -> list[tuple[int, int]]:
    """Spans of keys that begin where no other character of keys stands before them."""
    finder = next(finder for finder in FINDERS if finder.kind == "api_key")
    assert finder.expression
    free = re.compile(rb"(?<![0-9A-Za-z_\-])" + finder.expression.pattern, re.VERBOSE)
    return [match.span() for match in free.finditer(text) if finder.validate(match.group(), b"", b"")]


Validate = Callable[[bytes, bytes, bytes], int]
_MAC = re.compile(
    rb"(?<![0-9A-Za-z_:\-])[0-9A-Fa-f]{2}(?P<by>[:\-])(?:[0-9A-Fa-f]{2}(?P=by)){4}[0-9A-Fa-f]{2}(?![0-9A-Za-z_:\-])"
)
_IBAN = re.compile(
    rb"(?<![0-9A-Za-z])(?=[A-Z]{2}[0-9]{2})(?P<value>[0-9A-Z]{15,34}|(?:[0-9A-Z]{4} ){3,8}[0-9A-Z]{1,4})"
)
_WORD = re.compile(rb"(?<![0-9A-Za-z])(?P<value>[0-9A-Za-z]*[0-9][0-9A-Za-z]*)(?![0-9A-Za-z])")
_QQ = re.compile(rb"(?<![0-9A-Za-z])(?:[Qq]{2})?(?P<value>[0-9]{5,11})(?![0-9A-Za-z])")
_WECHAT = re.compile(rb"(?<![0-9A-Za-z])(?P<value>[A-Za-z][0-9A-Za-z_\-]{5,19})(?![0-9A-Za-z_\-])")
_QUOTED = re.compile(rb"(?P<by>[\"'])(?=(?P<value>(?:(?!(?P=by))[\x21-\xff]){6,128})(?P=by))")
_PRIVATE_KEY = re.compile(
    rb"(?P<value>-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[0-9A-Za-z+/=\n\\ ]*-----END (?:[A-Z]+ )?PRIVATE "
    rb"KEY-----)"
)


def _validated(text: bytes, expression: re.Pattern[bytes], validate: Validate) -> Iterator[tuple[int, int]]:
    for match in expression.finditer(text):
        start, end = match.span("value") if "value" in match.re.groupindex else match.span()
        size = validate(text[start:end], text[max(0, start - 64) : start], text[end : end + 8])
        if size:
            yield start, start + size


def _plates(text: bytes) -> Iterator[tuple[int, int]]:
    whole = text.decode()
    for match in identities._PLATE.finditer(whole):
        start = len(whole[: match.start()].encode())
        size = identities.plate_cn(text[start : start + 32], b"", b"")
        if size and re.search(rb"[0-9]", text[start : start + size]):
            yield start, start + size


def words(text: bytes, kind: str) -> list[tuple[int, int]]:
    """Spans of the kinds that kernels know by a word or by what stands before it."""
    if kind == "plate_cn":
        return list(_plates(text))
    expression, validate = {
        "mac": (_MAC, mac),
        "iban": (_IBAN, identities.iban),
        "passport_cn": (_WORD, identities.passport_cn),
        "credit_code_cn": (_WORD, identities.credit_code_cn),
        "qq": (_QQ, qq),
        "wechat": (_WECHAT, wechat),
        "password": (_QUOTED, password),
        "private_key": (_PRIVATE_KEY, private_key),
    }[kind]
    found = list(_validated(text, expression, validate))
    # The kernels know a MAC address by a pair with a digit.
    return [(start, end) for start, end in found if kind != "mac" or re.search(rb"[0-9]", text[start:end])]
