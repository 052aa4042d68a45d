"""Private keys in text: PEM blocks (RFC 7468, and the older headers of RFC 1421) and PGP blocks (RFC 9580,
section 6.2), be they quoted, indented, in a string of code or without their closing line."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import LETTERS_AND_DIGITS
from pipeline.steps.privacy.byte_matching import text_stands_at
from pipeline.steps.privacy.entropy import entropy
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import DASH

CANDIDATE = 1 << 16
TRIGGER = (b"K", b"E")
_KEY, _KEY_BLOCK, _PRIVATE, _BEGIN = (
    np.frombuffer(text, np.uint8) for text in (b"KEY-----", b"KEY BLOCK-----", b"PRIVATE ", b"-----BEGIN ")
)
_TITLE_BYTES = 48
_BLOCK_LINE = re.compile(rb"[0-9A-Za-z+/=]{24,}")
_DIGIT = re.compile(rb"[0-9]")
_LINE_GAP, _MOST_HEADERS, _LEAST_ENTROPY = 12, 240, 2.6

IN_BLOCK = np.isin(np.arange(256), list(LETTERS_AND_DIGITS + b"+/= \t\r\n\\\"',:>#*.()"))
"""bool [256]: what is inside a key block; dashes may be alone."""


@kernel_without_refcounts
def _title_end(data, at, begin, end):  # type: ignore[no-untyped-def]
    """After the ``KEY-----`` or ``KEY BLOCK-----`` (of PGP) at ``at``; -1 where neither is there."""
    if text_stands_at(data, at, begin, end, _KEY, 0):
        return at + _KEY.size
    return at + _KEY_BLOCK.size if text_stands_at(data, at, begin, end, _KEY_BLOCK, 0) else -1


@kernel_without_refcounts
def _title_start(data, at, begin, end):  # type: ignore[no-untyped-def]
    """Where the ``-----BEGIN`` is of the title that has its ``KEY-----`` at ``at``; -1 for none."""
    first = at - _PRIVATE.size
    if not text_stands_at(data, first, begin, end, _PRIVATE, 0):
        return -1
    while first > max(begin, at - _TITLE_BYTES) and not text_stands_at(data, first, begin, end, _BEGIN, 0):
        first -= 1
    return first if text_stands_at(data, first, begin, end, _BEGIN, 0) else -1


@kernel_without_refcounts
def _body_end(data, at, end, in_block):  # type: ignore[no-untyped-def]
    """The end of the run of what could be key material or a header, from ``at`` on."""
    while at < end and (
        in_block[data[at]] or (data[at] == DASH and not (at + 1 < end and data[at + 1] == DASH))
    ):
        at += 1
    return at


@kernel_without_refcounts
def find_private_key(data, at, begin, end, in_block):  # type: ignore[no-untyped-def]
    """The key block whose title ends with the ``KEY-----`` at ``at``: first byte (-1: none), end, and how far
    was read.

    Where the closing line is missing, the block ends with the last byte that could be in one.
    """
    body = _title_end(data, at, begin, end)
    first = _title_start(data, at, begin, end) if body >= 0 else -1
    if first < 0:
        return -1, at, at + 1
    stop = _body_end(data, body, end, in_block)
    for position in range(stop, min(end, stop + _TITLE_BYTES)):
        closed = _title_end(data, position, begin, end)
        if closed >= 0:
            return first, closed, closed
        if text_stands_at(data, position, begin, end, _BEGIN, 0):
            break
    return first, stop, stop


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A block with key material. Where the closing line is missing, the block ends with the last of the lines
    that follow each other, the first of which has digits: a long name in code has none."""
    lines = list(_BLOCK_LINE.finditer(found, found.index(b"-----", 11) + 5))
    if not lines or entropy(lines[0].group()) < _LEAST_ENTROPY:
        return 0
    if found.endswith(b"-----"):
        return len(found)
    if lines[0].start() > _MOST_HEADERS or not _DIGIT.search(lines[0].group()):
        return 0
    return next(
        (line.end() for line, following in pairwise(lines) if following.start() - line.end() > _LINE_GAP),
        lines[-1].end(),
    )


KIND = BuiltInKind(
    name="private_key",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "it begins with `-----BEGIN PRIVATE KEY-----`:\n⟦-----BEGIN PRIVATE KEY-----\n"
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----⟧",
        "key = '⟦-----BEGIN RSA PRIVATE KEY-----\\n"
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj⟧'",
    ),
    near_misses=(
        "-----BEGIN RSA PRIVATE KEY----- opens the file, and the text goes on for a while.",
        "print(f'-----BEGIN PRIVATE KEY-----')\n    ZstdCompressionParametersSlots,\n};\n",
        "-----BEGIN PRIVATE KEY-----\nwhose minor version is\nunsupported/unrecognized and no key material "
        "at all",
    ),
)
