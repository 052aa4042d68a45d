"""Data that what stands before them gives away: WeChat ids, values assigned to a password, blocks of a
private key."""

from __future__ import annotations

import numba
import numpy as np

from pipeline.steps.privacy.byte_classes import ALNUM, TOKEN, is_one_of, run_end

_WECHAT, _SEAL, _PGP_SEAL, _PRIVATE, _WRITTEN = (
    np.frombuffer(text, np.uint8)
    for text in (b"wechat", b"KEY-----", b"KEY BLOCK-----", b"PRIVATE ", b"-----BEGIN ")
)
_WECHAT_GAP, _LEAST_ID, _MOST_ID = 24, 6, 20
_LEAST_VALUE, _MOST_VALUE = 6, 128
_KEY_TITLE = 48
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
_NAME_ENDS = np.array(sorted({int.from_bytes(name[-3:], "big") for name in SECRET_NAMES}), np.int64)


def _block_bytes() -> np.ndarray:
    """bool [256]: what stands inside a key block, be it quoted, indented or in a string of code."""
    return np.isin(
        np.arange(256),
        list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n\\\"',:>#*.()"),
    )


BLOCK = _block_bytes()


@numba.njit(cache=True, nogil=True)
def _equal(data, at, begin, end, text, fold):  # type: ignore[no-untyped-def]
    """Whether ``text`` stands at ``at``; ``fold`` is ored to each byte (32: in capitals or small letters)."""
    if at < begin or at + text.size > end:
        return False
    for index in range(text.size):  # noqa: SIM110 - numba compiles no generators
        if data[at + index] | fold != text[index]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _names_wechat(data, at, begin, end):  # type: ignore[no-untyped-def]
    """Where the name of WeChat ends that is known by its byte at ``at``: wechat, wx, vx, or 微信, 薇信, 威信;
    -1 for none."""
    byte = data[at]
    if byte == 0xBF:  # 信 is E4 BF A1
        if at - begin < 4 or data[at - 1] != 0xE4:
            return -1
        code = np.int64(data[at - 4]) << 16 | np.int64(data[at - 3]) << 8 | np.int64(data[at - 2])
        return at + 2 if code in (0xE5BEAE, 0xE89687, 0xE5A881) else -1
    if byte | 32 == 119:
        return at + 6 if _equal(data, at, begin, end, _WECHAT, 32) else -1
    if (
        at > begin
        and data[at - 1] | 32 in (118, 119)
        and (at - 1 == begin or not 97 <= data[at - 2] | 32 <= 122)
    ):
        return at + 1
    return -1


@numba.njit(cache=True, nogil=True)
def wechat(data, at, begin, end, classes):  # type: ignore[no-untyped-def]
    """The first word behind the name of WeChat that could be an id: first byte (-1: none) and end."""
    position = _names_wechat(data, at, begin, end)
    stop = min(end, position + _WECHAT_GAP)
    while 0 <= position < stop:
        if classes[data[position]] & ALNUM:
            last = run_end(data, position, min(end, position + _MOST_ID + 1), classes, TOKEN)
            if _LEAST_ID <= last - position <= _MOST_ID and data[position] >= 65:
                return position, last
            position = last
        position += 1
    return -1, at


@numba.njit(cache=True, nogil=True)
def _ends_secret_name(data, stop, begin):  # type: ignore[no-untyped-def]
    """Whether the last three letters before ``stop`` are those of a secret's name."""
    if stop - begin < 3:
        return False
    ending = (
        np.int64(data[stop - 3]) << 16 | np.int64(data[stop - 2]) << 8 | np.int64(data[stop - 1])
    ) | 0x202020
    return is_one_of(ending, _NAME_ENDS)


@numba.njit(cache=True, nogil=True)
def assignment(data, at, begin, end):  # type: ignore[no-untyped-def]
    """The value in quotes that the : or = at ``at`` assigns, if it may be to a secret's name: first byte (-1:
    none) and end."""
    first = at + 1
    while first < end and data[first] == 32 and first - at < 4:
        first += 1
    if first >= end or data[first] not in (34, 39):
        return -1, at
    stop = at
    while stop > begin and data[stop - 1] in (32, 34, 39, 58, 93) and at - stop < 4:
        stop -= 1
    if not _ends_secret_name(data, stop, begin):
        return -1, at
    last = first + 1
    while last < min(end, first + 2 + _MOST_VALUE) and data[last] != data[first] and data[last] > 32:
        last += 1
    return (
        (first + 1, last)
        if last - first > _LEAST_VALUE and last < end and data[last] == data[first]
        else (-1, at)
    )


@numba.njit(cache=True, nogil=True)
def _sealed(data, at, begin, end):  # type: ignore[no-untyped-def]
    """Behind the ``KEY-----`` or ``KEY BLOCK-----`` (of PGP) at ``at``; -1 where neither stands there."""
    if _equal(data, at, begin, end, _SEAL, 0):
        return at + _SEAL.size
    return at + _PGP_SEAL.size if _equal(data, at, begin, end, _PGP_SEAL, 0) else -1


@numba.njit(cache=True, nogil=True)
def private_key(data, at, begin, end, block):  # type: ignore[no-untyped-def]
    """The key block whose title ends with the ``KEY-----`` at ``at``: first byte (-1: none), end, and how far
    was read.

    Where the closing line is missing, the block ends with the last byte that could be in one.
    """
    stop = _sealed(data, at, begin, end)
    if stop < 0 or not _equal(data, at - _PRIVATE.size, begin, end, _PRIVATE, 0):
        return -1, at, at + 1
    first = at - _PRIVATE.size
    while first > max(begin, at - _KEY_TITLE) and not _equal(data, first, begin, end, _WRITTEN, 0):
        first -= 1
    if not _equal(data, first, begin, end, _WRITTEN, 0):
        return -1, at, at + 1
    while stop < end and (
        block[data[stop]] or (data[stop] == 45 and not (stop + 1 < end and data[stop + 1] == 45))
    ):
        stop += 1
    for position in range(stop, min(end, stop + _KEY_TITLE)):
        closed = _sealed(data, position, begin, end)
        if closed >= 0:
            return first, closed, closed
        if _equal(data, position, begin, end, _WRITTEN, 0):
            break
    return first, stop, stop
