"""URLs and mail addresses: the two kinds that real text is full of, matched natively from their ``://``,
``www.`` or ``@``.

``tests/pipeline/privacy/references.py`` says the same as regular expressions. Every loop is bounded, or ends
where the next match may begin, so that the time is linear in the text.
"""

from __future__ import annotations

import numba
import numpy as np

from pipeline.steps.privacy.byte_classes import (
    ALNUM,
    DIGIT,
    HEX,
    LABEL,
    LOCAL,
    PATH,
    USER,
    WORD,
    is_one_of,
    run_end,
)

SCHEMES = (b"http", b"https", b"ftp", b"ftps", b"sftp", b"ws", b"wss", b"ssh", b"git", b"rtsp")
_CODES = np.array([int.from_bytes(scheme, "big") for scheme in SCHEMES], np.int64)
_LONGEST_SCHEME = max(map(len, SCHEMES))
_LABELS, _LABEL_BYTES, _USER_BYTES, _LOCAL_BYTES = 11, 63, 64, 64
_MAIL_LABELS, _TOP_LEVEL_BYTES = 9, 24


@numba.njit(cache=True, nogil=True)
def _scheme_start(data, colon, begin):  # type: ignore[no-untyped-def]
    """Where the longest scheme that ends at ``colon`` begins; -1 for none."""
    code, start = np.int64(0), -1
    for size in range(1, min(_LONGEST_SCHEME, colon - begin) + 1):
        code |= (np.int64(data[colon - size]) | 32) << (8 * (size - 1))
        if is_one_of(code, _CODES):
            start = colon - size
    return start


@numba.njit(cache=True, nogil=True)
def _ends_host(data, start, end, classes):  # type: ignore[no-untyped-def]
    """Whether a label can be a host's last: two bytes or more and a letter first, or up to three digits (of
    an IPv4 address)."""
    if not classes[data[start]] & DIGIT:
        return end - start >= 2 and data[start] != 95
    return end - start <= 3 and run_end(data, start, end, classes, DIGIT) == end


@numba.njit(cache=True, nogil=True)
def _host_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """The end of a host of two or more labels, or of an address in brackets; -1 for none."""
    if at < end and data[at] == 91:
        stop = at + 1
        while stop < min(end, at + 46) and (classes[data[stop]] & HEX or data[stop] in (46, 58)):
            stop += 1
        return stop + 1 if stop - at > 2 and stop < end and data[stop] == 93 else -1
    best = -1
    for label in range(_LABELS):
        if at >= end or not classes[data[at]] & WORD:
            break
        stop = run_end(data, at, min(end, at + _LABEL_BYTES), classes, LABEL)
        if label > 0 and _ends_host(data, at, stop, classes):
            best = stop
        if stop >= end or data[stop] != 46:
            break
        at = stop + 1
    return best


@numba.njit(cache=True, nogil=True)
def _user_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """Behind ``user@`` or ``user:password@``, or ``at`` where neither stands there."""
    stop = run_end(data, at, min(end, at + _USER_BYTES), classes, USER)
    if stop > at and stop < end and data[stop] == 58:
        start = stop + 1
        stop = start
        while stop < min(end, start + _USER_BYTES) and (
            classes[data[stop]] & USER or data[stop] in (33, 36, 42)
        ):
            stop += 1
    return stop + 1 if stop > at and stop < end and data[stop] == 64 else at


@numba.njit(cache=True, nogil=True)
def _path_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """Brackets belong to a path in pairs: in Lisp_(language) they do, in (see http://a.org/b) they do not."""
    if at >= end or data[at] not in (47, 63, 35):
        return at
    while at < end:
        if classes[data[at]] & PATH:
            at = run_end(data, at, end, classes, PATH)
        elif data[at] == 40:
            closing = run_end(data, at + 1, end, classes, PATH)
            if closing >= end or data[closing] != 41:
                break
            at = closing + 1
        else:
            break
    return at


@numba.njit(cache=True, nogil=True)
def _is_closing(byte):  # type: ignore[no-untyped-def]
    """Punctuation at the end of a URL belongs to the sentence: . , ; : ! ? * ' ~ _ - &"""
    return byte in (46, 44, 59, 58, 33, 63, 42, 39, 126, 95, 45, 38)


@numba.njit(cache=True, nogil=True)
def url(data, at, begin, free, end, classes):  # type: ignore[no-untyped-def]
    """The URL whose ``://`` or ``www.`` begins at ``at``, in the document ``data[begin:end]``.

    Args:
        free: where the URL before it was read to; no URL begins earlier.

    Returns:
        First byte, end, and how far was read; the first byte is -1 where no URL stands there.
    """
    if data[at] == 58:
        first, host = _scheme_start(data, at, free), at + 3
        if first < 0:
            return -1, at, free
    else:
        if at > begin and (classes[data[at - 1]] & LABEL or data[at - 1] == 46):
            return -1, at, free
        first, host = at, at + 4
    behind_user = _user_end(data, host, end, classes)
    stop = _host_end(data, behind_user, end, classes)
    if stop < 0 and behind_user > host:
        stop = _host_end(data, host, end, classes)
    if stop < 0:
        return -1, at, free
    if stop + 1 < end and data[stop] == 58 and classes[data[stop + 1]] & DIGIT:
        stop = run_end(data, stop + 1, min(end, stop + 6), classes, DIGIT)
    reach = _path_end(data, stop, end, classes)
    last = reach
    while _is_closing(data[last - 1]):
        last -= 1
    return first, last, reach


@numba.njit(cache=True, nogil=True)
def _local_start(data, at, begin, free, classes):  # type: ignore[no-untyped-def]
    """The first byte of the local part that ends at the ``@``; ``at`` where none does."""
    start = at
    while start > free and at - start < _LOCAL_BYTES and classes[data[start - 1]] & LOCAL:
        start -= 1
    while start < at and not (
        classes[data[start]] & WORD and (start == begin or not classes[data[start - 1]] & WORD)
    ):
        start += 1
    return start


@numba.njit(cache=True, nogil=True)
def email(data, at, begin, free, end, classes):  # type: ignore[no-untyped-def]
    """The mail address around the ``@`` at ``at``, not beginning before ``free``: first byte, or -1 for none,
    and end."""
    first, best = _local_start(data, at, begin, free, classes), -1
    if first == at:
        return -1, at
    start = at + 1
    for label in range(_MAIL_LABELS):
        if start >= end or not classes[data[start]] & ALNUM:
            break
        letters = start
        while letters < min(end, start + _TOP_LEVEL_BYTES) and 97 <= data[letters] | 32 <= 122:
            letters += 1
        if label > 0 and letters - start >= 2:
            best = letters
        stop = run_end(data, start, min(end, start + _LABEL_BYTES), classes, LABEL)
        if stop >= end or data[stop] != 46:
            break
        start = stop + 1
    return (first, best) if best >= 0 else (-1, at)
