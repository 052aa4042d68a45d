"""What the kernels compute, said plainly: expressions over the whole text, and no native code."""

from __future__ import annotations

import re

from pipeline.privacy.finders import FINDERS
from pipeline.privacy.validators import email

_LABELS = rb"(?:[0-9A-Za-z_][0-9A-Za-z_\-]{0,62}+\.){1,10}"
_CHARACTERS = rb"0-9A-Za-z\-._~!$&*+,;=:@/?\#%"
EMAIL = re.compile(
    rb"(?<![0-9A-Za-z_]) [0-9A-Za-z_][0-9A-Za-z_.%+\-]{0,63}+ @ (?:[0-9A-Za-z][0-9A-Za-z_\-]{0,62}+\.){1,8} [A-Za-z]{2,24}", re.VERBOSE
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
    return [(match.start(), match.start() + len(match.group().rstrip(b".,;:!?*'~_-&"))) for match in URL.finditer(text)]


def emails(text: bytes) -> list[tuple[int, int]]:
    """Spans of addresses that the validator confirms."""
    return [match.span() for match in EMAIL.finditer(text) if email(match.group(), text[: match.start()], text[match.end() :])]


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
