"""URLs, from their ``://`` or ``www.`` on (RFC 3986). The scan matches them natively and nothing else looks
at them: real text is full of them.

``tests/pipeline/steps/privacy/references.py`` says the same as a regular expression. Every loop is bounded,
or ends where the next match may begin, so that the time is linear in the text."""

from __future__ import annotations

import numpy as np

from pipeline.steps.privacy.built_in_kind import BuiltInKind
from pipeline.steps.privacy.byte_classes import DIGIT, HEX, LABEL, PATH, USER, run_end
from pipeline.steps.privacy.byte_matching import codes, is_one_of
from pipeline.steps.privacy.international_hosts import label_end, top_level_end
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import (
    AMPERSAND,
    AT,
    CASE_BIT,
    CLOSING_BRACKET,
    CLOSING_PARENTHESIS,
    COLON,
    COMMA,
    DASH,
    DOLLAR,
    DOT,
    EXCLAMATION_MARK,
    HASH,
    OPENING_BRACKET,
    OPENING_PARENTHESIS,
    QUESTION_MARK,
    QUOTE,
    SEMICOLON,
    SLASH,
    SMALL_W,
    STAR,
    TILDE,
    UNDERSCORE,
)

CANDIDATE = 1 << 0
SCHEME_TRIGGER = (b":", b"/")
WWW_TRIGGER = (b"wW", b"wW")
SCHEMES = (b"http", b"https", b"ftp", b"ftps", b"sftp", b"ws", b"wss", b"ssh", b"git", b"rtsp")
_SCHEME_CODES, _LONGEST_SCHEME = codes(SCHEMES), max(map(len, SCHEMES))
_LABELS, _LABEL_BYTES, _USER_BYTES, _ADDRESS_BYTES, _PORT_DIGITS = 11, 63, 64, 46, 5
_PUNCTUATION = (
    *(DOT, COMMA, SEMICOLON, COLON, EXCLAMATION_MARK, QUESTION_MARK),
    *(STAR, QUOTE, TILDE, UNDERSCORE, DASH, AMPERSAND),
)
"""At the end of a URL it belongs to the sentence."""


@kernel_without_refcounts
def _scheme_start(data, colon, begin):  # type: ignore[no-untyped-def]
    """Where the longest scheme that ends at ``colon`` begins; -1 for none."""
    code, start = np.int64(0), -1
    for size in range(1, min(_LONGEST_SCHEME, colon - begin) + 1):
        code |= (np.int64(data[colon - size]) | CASE_BIT) << (8 * (size - 1))
        if is_one_of(code, _SCHEME_CODES):
            start = colon - size
    return start


@kernel_without_refcounts
def _can_end_host(data, start, end, classes):  # type: ignore[no-untyped-def]
    """Whether a label can be a host's last: two bytes or more and a letter first, or up to three digits (of
    an IPv4 address)."""
    if not classes[data[start]] & DIGIT:
        return end - start >= 2 and data[start] != UNDERSCORE
    return end - start <= 3 and run_end(data, start, end, classes, DIGIT) == end


@kernel_without_refcounts
def _bracketed_address_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """The end of an IP address in square brackets; -1 for none."""
    stop = at + 1
    while stop < min(end, at + _ADDRESS_BYTES) and (classes[data[stop]] & HEX or data[stop] in (DOT, COLON)):
        stop += 1
    return stop + 1 if stop - at > 2 and stop < end and data[stop] == CLOSING_BRACKET else -1


@kernel_without_refcounts
def _host_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """The end of a host of two or more labels, or of an address in brackets; -1 for none."""
    if at < end and data[at] == OPENING_BRACKET:
        return _bracketed_address_end(data, at, end, classes)
    best = -1
    for label in range(_LABELS):
        ascii_end = run_end(data, at, min(end, at + _LABEL_BYTES), classes, LABEL)
        stop = label_end(data, at, min(end, at + _LABEL_BYTES), classes)
        if stop == at:
            break
        if label > 0 and ascii_end > at and _can_end_host(data, at, ascii_end, classes):
            best = ascii_end
        elif label > 0 and ascii_end == at:
            best = max(best, top_level_end(data, at, stop))
        if stop >= end or data[stop] != DOT:
            break
        at = stop + 1
    return best


@kernel_without_refcounts
def _user_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """After ``user@`` or ``user:password@``, or ``at`` where neither is there."""
    stop = run_end(data, at, min(end, at + _USER_BYTES), classes, USER)
    if stop > at and stop < end and data[stop] == COLON:
        start = stop + 1
        stop = start
        while stop < min(end, start + _USER_BYTES) and (
            classes[data[stop]] & USER or data[stop] in (EXCLAMATION_MARK, DOLLAR, STAR)
        ):
            stop += 1
    return stop + 1 if stop > at and stop < end and data[stop] == AT else at


@kernel_without_refcounts
def _path_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """Brackets belong to a path in pairs: in Lisp_(language) they do, in (see http://a.org/b) they do not."""
    if at >= end or data[at] not in (SLASH, QUESTION_MARK, HASH):
        return at
    while at < end:
        if classes[data[at]] & PATH:
            at = run_end(data, at, end, classes, PATH)
        elif data[at] == OPENING_PARENTHESIS:
            closing = run_end(data, at + 1, end, classes, PATH)
            if closing >= end or data[closing] != CLOSING_PARENTHESIS:
                break
            at = closing + 1
        else:
            break
    return at


@kernel_without_refcounts
def is_www(data, at, end):  # type: ignore[no-untyped-def]
    """Whether ``www.`` is at ``at``, where a w is."""
    return (
        at + 3 < end
        and data[at + 1] | CASE_BIT == SMALL_W
        and data[at + 2] | CASE_BIT == SMALL_W
        and data[at + 3] == DOT
    )


@kernel_without_refcounts
def _first_byte_and_host(data, at, begin, free, classes):  # type: ignore[no-untyped-def]
    """Where the URL whose ``://`` or ``www.`` begins at ``at`` begins (-1: there is none), and its host or
    user."""
    if data[at] == COLON:
        return _scheme_start(data, at, free), at + 3
    if at > begin and (classes[data[at - 1]] & LABEL or data[at - 1] == DOT):
        return -1, at
    return at, at + 4


@kernel_without_refcounts
def find_url(data, at, begin, free, end, classes):  # type: ignore[no-untyped-def]
    """The URL whose ``://`` or ``www.`` begins at ``at``, in the document ``data[begin:end]``.

    Args:
        free: where the URL before it was read to; no URL begins earlier.

    Returns:
        First byte, end, and how far was read; the first byte is -1 where no URL is there.
    """
    first, host = _first_byte_and_host(data, at, begin, free, classes)
    if first < 0:
        return -1, at, free
    behind_user = _user_end(data, host, end, classes)
    stop = _host_end(data, behind_user, end, classes)
    if stop < 0 and behind_user > host:
        stop = _host_end(data, host, end, classes)
    if stop < 0:
        return -1, at, free
    if stop + 1 < end and data[stop] == COLON and classes[data[stop + 1]] & DIGIT:
        stop = run_end(data, stop + 1, min(end, stop + 1 + _PORT_DIGITS), classes, DIGIT)
    read_to = _path_end(data, stop, end, classes)
    last = read_to
    while data[last - 1] in _PUNCTUATION:
        last -= 1
    return first, last, read_to


KIND = BuiltInKind(
    name="url",
    detectors=(),
    examples=(
        "访问⟦https://example.com/a?b=c#d⟧了解",
        "[text](⟦https://en.wikipedia.org/wiki/Lisp_(language)⟧)",
        "(see ⟦http://www.w3.org/2000/svg⟧).",
        "// docs: ⟦https://docs.python.org/3/library/re.html#re.compile⟧",
        "请看⟦www.baidu.com⟧，",
        "⟦ftp://user:secret@ftp.example.org:2121/pub/⟧",
        "**⟦https://a.io⟧**",
        "⟦http://8.8.4.4:8080/x⟧ up",
        "见⟦http://例子.中国/⟧路径",
        "官网⟦http://例子.公司⟧的首页",
        "⟦https://bücher.example/a?b⟧ sells",
        "访问⟦http://www.a.cn⟧或者",
        "сайт ⟦http://пример.рф⟧, и",
        "⟦https://x.com/?mail=a@b.com&tel=13812345678⟧ nested",
    ),
    near_misses=(
        "http://localhost:8000/admin",
        'url = f"http://{host}:{port}/"',
        "import os.path; os.path.join",
        "a://b",
        "example.com/path without a scheme",
        "www.",
        "http://说明.文档",
    ),
)
