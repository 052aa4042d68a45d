"""Words that say that the number after them is a telephone's."""

from __future__ import annotations

import re

_NAMES = "电话|電話|传真|傳真|热线|熱線|座机|手机|手機|专线|專線|行動|行动"
_LATIN_NAMES = r"(?<![a-z])(?:tele)?phone|(?<![a-z])(?:tel|fax|whatsapp)|hotline|mobile"
_CALLS = "联系|聯繫|联络|聯絡|拨打|撥打|致电|致電"
_NUMBERS_BETWEEN = r"(?:[+(]?[0-9][0-9() .\-]{6,20}[^0-9\n]{1,12}){0,2}\Z"
_BEFORE = re.compile(
    f"(?:{_LATIN_NAMES}|phone|fax|(?<![a-z])call(?= )|{_NAMES}|{_CALLS})[^0-9]{{0,12}}"
    f"{_NUMBERS_BETWEEN}".encode(),
    re.IGNORECASE,
)
_LABEL_BEFORE = re.compile(
    f"(?:{_LATIN_NAMES}|{_NAMES})(?: ?(?:号码|號碼|号|號|no|number))?"
    f"(?: ?(?:：|:|\\.|是|为|為)){{1,2}} ?[(]?{_NUMBERS_BETWEEN}".encode(),
    re.IGNORECASE,
)


def is_announced(before: bytes) -> bool:
    """Whether a word for a telephone or for calling stands a few characters before a number, or before up to
    two other numbers."""
    return _BEFORE.search(before) is not None


def is_labelled(before: bytes) -> bool:
    """Whether a number stands where a form has it: after the word for a telephone and a colon (电话：)."""
    return _LABEL_BEFORE.search(before) is not None
