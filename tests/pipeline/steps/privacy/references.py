"""What the kernels compute, said plainly: expressions over the whole text, and no native code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.steps.privacy.built_in_kind import Detector, Validate
from pipeline.steps.privacy.international_hosts import HAN_TOP_LEVELS
from pipeline.steps.privacy.kinds import (
    KINDS,
    credit_code_cn_organisation,
    email,
    iban,
    id_card_hong_kong_taiwan,
    mac_address,
    passport_cn,
    password_in_code,
    plate_cn_vehicle,
    private_key,
    qq_number,
    wechat_id,
)

_ALPHABETIC = rb"[\xc3-\xd3][\x80-\xbf]|\xe1[\xba\xbb][\x80-\xbf]"
_OTHER = rb"[\xd4-\xdf][\x80-\xbf]|\xe0[\x80-\xbf]{2}|\xe3[\x81-\x83][\x80-\xbf]|[\xe4-\xed][\x80-\xbf]{2}"
_LABEL = (
    rb"(?:[0-9A-Za-z_](?:[0-9A-Za-z_\-]|%(alphabetic)s){0,62}+"
    rb"|(?:%(alphabetic)s|%(other)s)(?:[0-9A-Za-z_\-]|%(alphabetic)s|%(other)s){0,20}+)"
) % {b"alphabetic": _ALPHABETIC, b"other": _OTHER}
_HAN = "|".join(HAN_TOP_LEVELS).encode()
_TOP_LEVEL = (
    rb"(?:%(han)s|(?=[\xc3-\xe0\xea-\xed])(?:(?![\xe3-\xe9])(?:[0-9A-Za-z_\-]|%(alphabetic)s|%(other)s)){2,20}+)"
    % {b"han": _HAN, b"alphabetic": _ALPHABETIC, b"other": _OTHER}
)
_CHARACTERS = rb"0-9A-Za-z\-._~!$&*+,;=:@/?\#%"
EMAIL = re.compile(
    rb"(?<![0-9A-Za-z_]) [0-9A-Za-z_][0-9A-Za-z_.%%+\-]{0,63}+ @ (?:(?!_)%b\.){1,8} (?:[A-Za-z]{2,24}|%b)"
    % (_LABEL, _TOP_LEVEL),
    re.VERBOSE,
)
URL = re.compile(
    rb"""
    (?: (?: https? | ftps? | sftp | wss? | ssh | git | rtsp ) :// | (?<![0-9A-Za-z_.\-]) www\. )
    (?: [0-9A-Za-z._%%+~\-]{1,64}+ (?: :[0-9A-Za-z._%%+~!$*\-]{0,64}+ )? @ )?
    (?: (?:%(label)s\.){1,10}
        (?: [A-Za-z][0-9A-Za-z_\-]{1,62}+ | [0-9]{1,3}+ (?![0-9A-Za-z_\-]) | %(top)s ) |
        \[[0-9A-Fa-f:.]{2,45}\] )
    (?: :[0-9]{1,5} )?
    (?: (?=[/?\#]) (?: [%(characters)s]++ | \([%(characters)s]*+\) )*+ )?
    """
    % {b"label": _LABEL, b"top": _TOP_LEVEL, b"characters": _CHARACTERS},
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
        if email.validate(match.group(), text[: match.start()], text[match.end() :])
    ]


def numbers(text: bytes, kind: str) -> list[tuple[int, int]]:
    """Spans that an expression finds anywhere in the text and its validator confirms; of those that overlap
    the longest, then that of the expression that comes first."""
    detectors = [
        detector for one in KINDS if one.name == kind for detector in one.detectors if detector.expression
    ]
    chosen: list[tuple[int, int]] = []
    spans = [(span, place) for place, detector in enumerate(detectors) for span in _confirmed(text, detector)]
    for (start, end), _ in sorted(spans, key=lambda one: (one[0][0] - one[0][1], one[1], one[0])):
        if all(end <= first or last <= start for first, last in chosen):
            chosen.append((start, end))
    return sorted(chosen)


def _confirmed(text: bytes, detector: Detector) -> Iterator[tuple[int, int]]:
    assert detector.expression
    match = detector.expression.search(text)
    while match:
        start, end = match.span()
        size = detector.validate(match.group(), text[max(0, start - 64) : start], text[end : end + 8])
        if size:
            yield start, start + size
        match = detector.expression.search(text, start + size if size else start + 1)


def keys(text: bytes) -> list[tuple[int, int]]:
    """Spans of keys that begin where no other character of keys stands before them."""
    (detector,) = next(kind for kind in KINDS if kind.name == "api_key").detectors
    assert detector.expression
    free = re.compile(rb"(?<![0-9A-Za-z_\-])" + detector.expression.pattern, re.VERBOSE)
    return [match.span() for match in free.finditer(text) if detector.validate(match.group(), b"", b"")]


_MAC = re.compile(
    rb"(?<![0-9A-Za-z_:\-])[0-9A-Fa-f]{2}(?P<by>[:\-])(?:[0-9A-Fa-f]{2}(?P=by)){4}[0-9A-Fa-f]{2}(?![0-9A-Za-z_:\-])"
    rb"|(?<![0-9A-Za-z_.\-])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![0-9A-Za-z_\-])(?!\.[0-9A-Za-z])"
)
_LETTERED_ID = re.compile(
    rb"(?<![0-9A-Za-z])(?P<value>[A-Z][0-9A-Z][0-9]{8}|[A-Z]{1,2}[0-9]{6}(?:[0-9A-Z]|\([0-9A-Z]\)))(?![0-9A-Za-z])"
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
    for match in plate_cn_vehicle.PLATE.finditer(whole):
        start = len(whole[: match.start()].encode())
        size = plate_cn_vehicle.validate(text[start : start + 32], b"", b"")
        if size and re.search(rb"[0-9]", text[start : start + size]):
            yield start, start + size


def words(text: bytes, kind: str) -> list[tuple[int, int]]:
    """Spans of the kinds that kernels know by a word or by what stands before it."""
    if kind == "plate_cn":
        return list(_plates(text))
    expression, validate = {
        "mac": (_MAC, mac_address.validate),
        "iban": (_IBAN, iban.validate),
        "passport_cn": (_WORD, passport_cn.validate),
        "id_card_cn": (_LETTERED_ID, id_card_hong_kong_taiwan.validate),
        "credit_code_cn": (_WORD, credit_code_cn_organisation.validate),
        "qq": (_QQ, qq_number.validate),
        "wechat": (_WECHAT, wechat_id.validate),
        "password": (_QUOTED, password_in_code.validate),
        "private_key": (_PRIVATE_KEY, private_key.validate),
    }[kind]
    found = list(_validated(text, expression, validate))
    # The kernels know a MAC address by a pair with a digit.
    return [(start, end) for start, end in found if kind != "mac" or re.search(rb"[0-9]", text[start:end])]
