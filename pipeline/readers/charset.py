"""Charset detection: UTF-8 first, then a byte order mark, then GB18030 where the result looks like Chinese."""

from __future__ import annotations

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u2010-\u2030]+")
# Any byte pair is some GB18030 character; real Chinese text is nearly all common Han letters and full-width marks.
_MIN_CHINESE = 0.9


def decode(data: bytes) -> tuple[str, str | None]:
    """Text and the name of its charset; the charset is None where none fits, and the text then holds replacement characters."""
    for mark, charset in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(charset), charset
            except UnicodeDecodeError:
                break
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace"), None
    return (text, "gb18030") if _looks_chinese(text) else (data.decode("utf-8", errors="replace"), None)


def _looks_chinese(text: str) -> bool:
    foreign = sum(map(len, _FOREIGN.findall(text)))
    return sum(map(len, _CHINESE.findall(text))) >= _MIN_CHINESE * foreign
