"""Labels of host names with letters outside ASCII (RFC 5890), as people write them: ``例子.中国``,
``bücher.example``."""

from __future__ import annotations

from pipeline.steps.privacy.byte_classes import LABEL, WORD
from pipeline.steps.privacy.byte_matching import code_of_three, codes, is_one_of
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import FIRST_NON_ASCII

HAN_TOP_LEVELS = (
    *"中国 中國 公司 网络 網絡 香港 台湾 台灣 澳门 澳門 政务 公益 在线 网址 商城 商标 集团".split(),
    *"娱乐 世界 手机".split(),
    *"企业 信息 网站 广东 佛山 游戏 商店 餐厅 招聘 时尚 健康 移动 联通 食品 书籍 购物 珠宝 慈善 家电".split(),
)
"""Those of two characters in the root zone; in Chinese text a word may follow without a space."""

FIRST_LETTERS = bytes(range(0xC3, 0xEE))
"""First bytes of letters outside ASCII."""

_TOP_LEVEL_CODES = codes(name.encode() for name in HAN_TOP_LEVELS)
_TOP_LEVEL_BYTES, _NONE = 6, 0
_FIRST_WITHOUT_SPACES, _LAST_WITHOUT_SPACES = 0xE3, 0xE9  # kana and Han


@kernel_without_refcounts
def _alphabetic_size(data, at, end):  # type: ignore[no-untyped-def]
    """Bytes of the Latin, Greek or Cyrillic letter at ``at``, which may stand beside ASCII letters; 0 for
    none."""
    if at + 1 < end and 0xC3 <= data[at] <= 0xD3:
        return 2
    return 3 if at + 2 < end and data[at] == 0xE1 and 0xBA <= data[at + 1] <= 0xBB else _NONE


@kernel_without_refcounts
def _other_size(data, at, end):  # type: ignore[no-untyped-def]
    """Bytes of a letter of any other script at ``at``: kana, Han, Hangul, Hebrew, Arabic, Indic; 0 for
    none."""
    if at + 1 < end and 0xD4 <= data[at] <= 0xDF:
        return 2
    if at + 2 >= end or data[at] < 0xE0 or data[at] > 0xED:
        return _NONE
    is_letter = data[at] == 0xE0 or data[at] >= 0xE4 or (data[at] == 0xE3 and 0x81 <= data[at + 1] <= 0x83)
    return 3 if is_letter else _NONE


@kernel_without_refcounts
def label_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """The end of the label that begins at ``at``; ``at`` where none does. Letters of scripts without spaces
    are in labels that begin with one only: before them the host has ended (http://a.cn或)."""
    begins_ascii = at < end and classes[data[at]] & WORD != 0
    size = 1 if begins_ascii else _letter_size(data, at, end, True)
    while size:
        at += size
        is_ascii = at < end and classes[data[at]] & LABEL != 0
        size = 1 if is_ascii else _letter_size(data, at, end, not begins_ascii)
    return at


@kernel_without_refcounts
def _letter_size(data, at, end, with_others):  # type: ignore[no-untyped-def]
    size = _alphabetic_size(data, at, end)
    return _other_size(data, at, end) if size == _NONE and with_others else size


@kernel_without_refcounts
def top_level_end(data, at, stop):  # type: ignore[no-untyped-def]
    """The end of the top-level domain with letters outside ASCII that the label ``data[at:stop]`` is, or
    begins with where Han or kana follow; -1 for none."""
    if stop - at < 3 or data[at] < FIRST_NON_ASCII:
        return -1
    if not _FIRST_WITHOUT_SPACES <= data[at] <= _LAST_WITHOUT_SPACES:
        last = at
        while last < stop and not _FIRST_WITHOUT_SPACES <= data[last] <= _LAST_WITHOUT_SPACES:
            last += 1
        return last if last - at > 2 else -1
    if stop - at < _TOP_LEVEL_BYTES:
        return -1
    code = code_of_three(data, at) << 24 | code_of_three(data, at + 3)
    return at + _TOP_LEVEL_BYTES if is_one_of(code, _TOP_LEVEL_CODES) else -1
