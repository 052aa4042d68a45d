"""Charsets: UTF-8 first, a byte order mark, then what the text itself bears out: GB18030, Big5, Windows-1252
(with Latin-1), and those of seven bits."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from pipeline.readers.broken_characters import (
    REPLACEMENT,
    broken_characters,
    decode_around_breaks,
    decode_halves,
    few_broken,
)
from pipeline.readers.common_han import FOREIGN_WORDS, MIN_COMMON, common_share
from pipeline.readers.seven_bit import decode_seven_bit, suspected

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CHINESE = {"gb18030": ("gb18030",), "big5": ("cp950", "big5hkscs")}
# Korean and Japanese bytes are common Chinese letters too.
_NEIGHBOURS = ("cp949", "euc_kr", "euc_jp", "shift_jis")
_LETTER = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e"
_LATIN_LETTERS = re.compile(f"[{_LETTER}]")
_MARK = (
    "\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u2022\u2122"
    "\u00a0\u00a7\u00a9\u00ab\u00ad\u00ae\u00b0\u00b1\u00b7\u00bb\u00d7"
)
_NO_MARKS = re.compile(f"[^\x00-\x7f{_MARK}{_LETTER}\u00a1\u00a3\u00bf\u20ac]")
# Not Western: letters of another script in a row, capitals within a word, and marks between letters that no
# spelling puts there.
_NOT_WESTERN = re.compile(
    f"[{_LETTER}]{{4}}"
    "|[a-z][\u00c0-\u00d6\u00d8-\u00de]"
    f"|[A-Za-z][^\x00-\x7f{_LETTER}\u2019\u2018\u00a0\u00b7\u00ad\u2013\u2014\u2026][A-Za-z]"
    f"|[\u00a1-\u00aa\u00ac-\u00ba\u00bc-\u00be\u00d7][^\x00-\x7f]|[\u00bb\u00bf][{_LETTER}]"
)
_MAX_LATIN_LETTERS = 0.25
_WHOLE_TO_BROKEN = 10
# Supersets of them, which the web means by these names (WHATWG Encoding Standard, 4.2).
_WEB = {"gbk": "gb18030", "big5": "cp950", "euc_kr": "cp949", "shift_jis": "cp932"}


def utf16_name(head: bytes) -> str | None:
    """The charset that a byte order mark of UTF-16 tells."""
    return _UTF16.get(head[:2])


def without_utf16(blocks: Iterator[bytes]) -> tuple[str | None, Iterator[bytes]]:
    """A stream that no longer is UTF-16, and which of the two it was.

    Line feeds cannot be found in the bytes of UTF-16, so that it is turned into UTF-8 before anything else is
    done with it.

    What is broken in it stays so: half a character of two units is written as if it were one, half a unit at
    the end as a byte that no text has. ``decode`` judges them.
    """
    head = next(blocks, b"")
    charset = utf16_name(head)
    whole = chain([head], blocks)
    return charset, whole if charset is None else _utf16(whole, charset)


def _utf16(blocks: Iterator[bytes], charset: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(charset)("surrogatepass")
    for block in blocks:
        yield decoder.decode(block).removeprefix("\ufeff").encode(errors="surrogatepass")
    try:
        yield decoder.decode(b"", final=True).encode(errors="surrogatepass")
    except UnicodeDecodeError:
        yield b"\xff"


def decode(data: bytes, seven_bit: bool = True) -> tuple[str, str | None]:
    """Text and the name of its charset; the charset is None where none fits, and the text then holds
    replacement characters.

    Conservative: a charset other than UTF-8 is believed only where the text that comes out looks like text of
    its languages, and accented letters of ``cp1252`` only where resiliparse's detector finds a charset that
    reads them the same. One broken character in a thousand is replaced.
    """
    found = _sound(data, seven_bit) or _with_breaks(data)
    if found is not None:
        return found
    text = data.decode("utf-8", errors="replace")
    return text, "utf-8" if few_broken(text) else None


def _sound(data: bytes, seven_bit: bool = True) -> tuple[str, str | None] | None:
    """The text and its charset, if it is in any without a broken character."""
    try:
        text = data.decode("utf-8")
        return (decode_seven_bit(text) if seven_bit else None) or (text, "utf-8")
    except UnicodeDecodeError:
        pass
    halves = decode_halves(data)
    if halves is not None:
        return halves, "cesu-8"
    if _CONTROL.search(data):
        return None
    return _chinese(data) or _western(data)


def _with_breaks(data: bytes) -> tuple[str, str] | None:
    """The text and its charset, if it is UTF-8 or Chinese but for a few broken characters."""
    text = data.decode("utf-8", errors="replace")
    foreign = sum(map(len, _FOREIGN.findall(text)))
    if few_broken(text) and foreign >= _WHOLE_TO_BROKEN * broken_characters(text):
        return text, "utf-8"
    if _CONTROL.search(data) or detect_encoding(data, html5_compatible=False) in _NEIGHBOURS:
        return None
    for name, variants in _CHINESE.items():
        found = decode_around_breaks(data, variants[0])
        # Without a broken character it was judged already.
        if found is not None and REPLACEMENT in found and common_share(found) >= MIN_COMMON:
            return found, name
    return None


def decode_page(data: bytes, declared: Iterable[str | None]) -> tuple[str, str | None]:
    """As ``decode``, for a page that says what it is written in, if only at times truly.

    What the bytes themselves bear out comes first, as servers call pages ISO-8859-1 or GBK that are not; then
    what was declared, from the surest on; then the detector's guess. One broken character in a thousand is
    passed over.
    """
    if data.startswith(tuple(_UTF16)):
        return data.decode("utf-16", errors="replace"), utf16_name(data)
    sound = _sound(data) or _with_breaks(data)
    if sound is not None:
        return sound[0].removeprefix("\ufeff"), sound[1]
    names = filter(
        None, map(_codec, [*declared, detect_encoding(data, from_html_meta=True), detect_encoding(data)])
    )
    for name in dict.fromkeys(names):
        found = data.decode(name, errors="replace")
        if few_broken(found):
            return found, name
    return data.decode("utf-8", errors="replace"), None


def _codec(name: str | None) -> str | None:
    """Python's name of a charset that the web knows, as the web means it; None if there is none such."""
    known = map_encoding_to_html5(name or "", fallback_utf8=False)
    return None if known is None else _WEB.get(known, known)


def _chinese(data: bytes) -> tuple[str, str] | None:
    """The likelier of GB18030 and Big5, if the text looks like Chinese."""
    likely: list[tuple[float, str, str]] = []
    for name, variants in _CHINESE.items():
        text = _first_that_decodes(data, variants)
        if text is None:
            continue
        if not FOREIGN_WORDS.search(text):
            # marks alone, such as the lines of a table, are no evidence, nor are the letters that another
            # charset makes of them
            return None
        share = common_share(text)
        if share >= MIN_COMMON:
            likely.append((share, text, name))
    if not likely or detect_encoding(data, html5_compatible=False) in _NEIGHBOURS:
        return None
    return max(likely, key=lambda found: found[0])[1:]


def _first_that_decodes(data: bytes, charsets: Iterable[str]) -> str | None:
    for charset in charsets:
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            pass
    return None


def _western(data: bytes) -> tuple[str, str] | None:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    accented = len(_LATIN_LETTERS.findall(text))
    letters = accented + sum(map(str.isalpha, data.decode("ascii", errors="ignore")))
    if accented > _MAX_LATIN_LETTERS * letters or _NO_MARKS.search(text) or _NOT_WESTERN.search(text):
        return None
    if accented == 0:
        return text, "cp1252"
    name = _codec(detect_encoding(data, html5_compatible=False))
    return (text, "cp1252") if name and data.decode(name, errors="replace") == text else None


class Decoded(NamedTuple):
    """``texts`` and ``charsets`` [documents], as ``decode`` gives them, and of how many documents broken
    characters were replaced."""

    texts: pa.StringArray
    charsets: pa.StringArray
    mended: int = 0


def decode_all(data: pa.BinaryArray, seven_bit: bool = True) -> Decoded:
    """A column that is all UTF-8 is checked natively and not copied.

    Args:
        seven_bit: whether to look for charsets of seven bits; program text holds examples of them.
    """
    try:
        texts = data.cast(pa.string())
    except pa.ArrowInvalid:
        whole = pc.invert(pc.match_substring(data, REPLACEMENT.encode()))
        return _columns([decode(text, seven_bit) for text in data.to_pylist()], whole)
    charsets = pa.repeat("utf-8", len(texts))
    mask = suspected(texts) if seven_bit else pa.repeat(False, len(texts))
    if not pc.any(mask, min_count=0).as_py():
        return Decoded(texts, charsets)
    new = _columns([decode_seven_bit(text) or (text, "utf-8") for text in texts.filter(mask).to_pylist()])
    return Decoded(
        pc.replace_with_mask(texts, mask, new.texts), pc.replace_with_mask(charsets, mask, new.charsets)
    )


def _columns(decoded: list[tuple[str, str | None]], whole: pa.BooleanArray | None = None) -> Decoded:
    """``whole``: which had no replacement character to begin with."""
    texts = pa.array([text for text, _ in decoded], pa.string())
    charsets = pa.array([charset for _, charset in decoded], pa.string())
    if whole is None:
        return Decoded(texts, charsets)
    mended = pc.and_(pc.and_(whole, pc.is_valid(charsets)), pc.match_substring(texts, REPLACEMENT))
    return Decoded(texts, charsets, pc.sum(mended).as_py() or 0)
