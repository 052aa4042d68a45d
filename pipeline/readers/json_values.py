"""JSON as people write it: in any charset that ``decode`` knows, behind a byte order mark, with half an emoji
or a number that is none."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

import orjson

from pipeline.readers.broken_characters import REPLACEMENT
from pipeline.readers.charset import decode

DEEPEST = 200
"""Values in one another; orjson writes 254, where ``meta`` is around them."""
_HALF = re.compile("[\ud800-\udfff]")


def parse(data: bytes) -> tuple[Any, str]:
    """The value, and the charset that it is written in.

    Raises:
        UnicodeError: it is in none.
        orjson.JSONDecodeError: it is no JSON.
    """
    text, charset = decode(data.removeprefix(codecs.BOM_UTF8))
    if charset is None:
        raise UnicodeError("no charset fits")
    try:
        return orjson.loads(text), charset
    except orjson.JSONDecodeError as error:
        problem = error
    try:
        return _as_python_writes(text), charset
    except (ValueError, RecursionError):
        raise problem from None


class NestedTooDeepError(ValueError):
    """A value of more than ``DEEPEST`` levels."""


def shown(value: Any) -> bytes:
    """A value as JSON, for a reject; what is too deep in it is left out."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return orjson.dumps(_cut(value, DEEPEST), default=str)


def _cut(value: Any, levels: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return "..."
    if isinstance(value, dict):
        return {name: _cut(item, levels - 1) for name, item in value.items()}
    return [_cut(item, levels - 1) for item in value]


def dump(value: Any) -> str:
    """A value as JSON. What JSON has no type for becomes a text (times as in RFC 3339), a number that is
    none null, an integer beyond 64 bits a float.

    Raises:
        NestedTooDeepError: it is.
    """
    try:
        return orjson.dumps(value, default=_text, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a surrogate pair, a large integer, or many levels
        pass
    try:
        return orjson.dumps(_as_python_writes(json.dumps(value, default=_text, skipkeys=True))).decode()
    except (TypeError, RecursionError, orjson.JSONDecodeError):
        raise NestedTooDeepError(f"values are nested more than {DEEPEST} deep") from None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _as_python_writes(text: str) -> Any:
    """A value in which half a surrogate pair may stand alone, as RFC 8259's grammar allows and Python writes
    it, and NaN and Infinity, which are null here."""
    value = json.loads(text, parse_constant=lambda name: None)
    return orjson.loads(_HALF.sub(REPLACEMENT, json.dumps(value, ensure_ascii=False)))
