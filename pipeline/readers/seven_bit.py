"""Charsets that write other scripts in the seven bits of ASCII: HZ (RFC 1843), UTF-7 (RFC 2152) and ISO 2022.

All of their bytes are sound ASCII, and letters of English to whoever does not look for their marks.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.readers.common_han import COMMON, MIN_COMMON, common_share

_SUSPECT = r"~\{[!-~]|\x1b\$|\+[0-9A-Za-z/+]{3,}-|\+[0-9A-Za-z/+]{8}"
_HZ = re.compile(r"~\{((?:[!-w][!-~])+)(?:~\}|$)", re.MULTILINE)
_UTF7 = re.compile(r"\+([0-9A-Za-z/+]{3,})-?")
# What UTF-7 writes between two marks: Chinese, its punctuation, accented letters, quotes and dashes, and
# signs of ASCII that mail programs of its time did not trust.
_UTF7_CHARACTERS = re.compile(
    "[\u00a0-\u00ff\u2010-\u2026\u20ac\u2122\u3000-\u301f\uff01-\uff65!-/:-@\\[-`{-~]"
)
_ISO_2022 = "\x1b$"
# The one of its charsets that shifts out, and names itself once at the beginning.
_KOREAN = "\x1b$)C"
_SHIFT_OUT = "\x0e"
_LEAST_LETTERS = 8
_LEAST_RUNS = 3


def suspected(texts: pa.StringArray) -> pa.BooleanArray:
    """bool [texts]: which are ASCII, and hold a mark of such a charset."""
    ascii_ = pc.string_is_ascii(texts)
    marked = pc.match_substring_regex(texts.filter(ascii_), _SUSPECT)
    return pc.replace_with_mask(ascii_, ascii_, marked)


def decode_seven_bit(text: str) -> tuple[str, str | None] | None:
    """What a text in ASCII stands for, and its charset (None where it is broken); None if it is what it looks
    like."""
    if not text.isascii():
        return None
    if _ISO_2022 in text:
        return _iso_2022(text)
    return _hz(text) or _utf7(text)


def _iso_2022(text: str) -> tuple[str, str | None]:
    charset = "iso2022_kr" if _KOREAN in text else "iso2022_jp_2"
    if charset == "iso2022_jp_2" and _SHIFT_OUT in text:
        return text, None
    try:
        return text.encode().decode(charset), charset
    except UnicodeDecodeError:
        return text, None


def _hz(text: str) -> tuple[str, str] | None:
    found = _HZ.sub(lambda run: _gb2312(run[1]), text)
    letters = sum(map(len, COMMON.findall(found)))
    if letters < _LEAST_LETTERS or common_share(found) < MIN_COMMON:
        return None
    return found.replace("~\n", "").replace("~~", "~"), "hz"


def _gb2312(run: str) -> str:
    return bytes(ord(character) | 0x80 for character in run).decode("gb2312", errors="replace")


def _utf7(text: str) -> tuple[str, str] | None:
    runs = [_utf7_run(run) for run in _UTF7.findall(text)]
    letters = sum(map(len, COMMON.findall("\n".join(runs))))
    known = letters + sum(len(_UTF7_CHARACTERS.findall(run)) for run in runs)
    if known < MIN_COMMON * sum(map(len, runs)) or (letters < _LEAST_LETTERS and len(runs) < _LEAST_RUNS):
        return None
    return _UTF7.sub(lambda run: _utf7_run(run[1]), text).replace("+-", "+"), "utf-7"


def _utf7_run(run: str) -> str:
    """The characters between two marks; as many replacement characters where it is none that UTF-7 writes."""
    try:
        return f"+{run}-".encode().decode("utf-7")
    except UnicodeDecodeError:
        return "\ufffd" * len(run)
