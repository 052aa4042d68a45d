"""Charsets: UTF-8 first, a byte order mark, then what the text itself bears out: GB18030, Big5, Windows-1252
(with Latin-1)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

import pyarrow as pa
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from pipeline.readers.compressed import DamagedFileError

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
# Any byte pair is some character of these charsets, right or wrong; the letters of real Chinese are nearly
# all common ones, and hardly ever stand alone among Latin ones, as accented Latin letters do that were
# misread.
_CHINESE = {"gb18030": ("gb18030",), "big5": ("cp950", "big5hkscs")}
_MIN_COMMON = 0.9
_MIN_IN_RUNS = 0.5
# Korean and Japanese bytes are common Chinese letters too.
_NEIGHBOURS = ("cp949", "euc_kr", "euc_jp", "shift_jis")
_FOREIGN_WORDS = re.compile(r"(?:[^\x00-\x7f\W\d_]|[\ue000-\uf8ff])+")
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
# Pages may hold a broken character or two; browsers show them.
_MAX_BROKEN = 0.001
_WHOLE_TO_BROKEN = 10
_REPLACEMENT = "\ufffd"
# Supersets of them, which the web means by these names (WHATWG Encoding Standard, 4.2).
_WEB = {"gbk": "gb18030", "big5": "cp950", "euc_kr": "cp949", "shift_jis": "cp932"}


def _common_han() -> str:
    """The first planes of GB 2312 (3,755 letters, by frequency) and of Big5 (5,401)."""
    simplified = bytes(
        byte for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for byte in (row, cell)
    )
    cells = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    traditional = bytes(byte for row in range(0xA4, 0xC7) for cell in cells for byte in (row, cell))
    letters = set(simplified.decode("gb2312", errors="ignore") + traditional.decode("big5", errors="ignore"))
    return "".join(sorted(letter for letter in letters if "\u4e00" <= letter <= "\u9fff"))


_COMMON = re.compile(f"[{_common_han()}]+")


def utf16_name(head: bytes) -> str | None:
    """The charset that a byte order mark of UTF-16 tells."""
    return _UTF16.get(head[:2])


def without_utf16(blocks: Iterator[bytes]) -> tuple[str | None, Iterator[bytes]]:
    """A stream that no longer is UTF-16, and which of the two it was.

    Line feeds cannot be found in the bytes of UTF-16, so that it is turned into UTF-8 before anything else is
    done with it.

    Raises (from the iterator):
        DamagedFileError: with reason ``invalid_encoding``, after everything that could be decoded.
    """
    head = next(blocks, b"")
    charset = utf16_name(head)
    whole = chain([head], blocks)
    return charset, whole if charset is None else _utf16(whole, charset)


def _utf16(blocks: Iterator[bytes], charset: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        for block in blocks:
            yield decoder.decode(block).removeprefix("\ufeff").encode()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DamagedFileError("invalid_encoding", f"{charset}: {error.reason}") from None


def decode(data: bytes) -> tuple[str, str | None]:
    """Text and the name of its charset; the charset is None where none fits, and the text then holds
    replacement characters.

    Conservative: a charset other than UTF-8 is believed only where the text that comes out looks like text of
    its languages, and accented letters of ``cp1252`` only where resiliparse's detector finds a charset that
    reads them the same. Broken UTF-8 stays broken.
    """
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    if not _CONTROL.search(data):
        chinese = _chinese(data)
        if chinese is not None:
            return chinese
        western = _western(data)
        if western is not None:
            return western, "cp1252"
    return data.decode("utf-8", errors="replace"), None


def decode_page(data: bytes, declared: Iterable[str | None]) -> tuple[str, str | None]:
    """As ``decode``, for a page that says what it is written in, if only at times truly.

    What the bytes themselves bear out comes first, as servers call pages ISO-8859-1 or GBK that are not; then
    what was declared, from the surest on; then the detector's guess. One broken character in a thousand is
    passed over.
    """
    if data.startswith(tuple(_UTF16)):
        return data.decode("utf-16", errors="replace"), utf16_name(data)
    text, charset = decode(data)
    if charset is not None:
        return text.removeprefix("\ufeff"), charset
    for name in ("utf-8", "gb18030", "cp950"):
        found = data.decode(name, errors="replace")
        # Without a broken character it was judged already.
        if (
            _REPLACEMENT in found
            and _few_broken(found)
            and (name == "utf-8" or _common_share(found) >= _MIN_COMMON)
        ):
            return found.removeprefix("\ufeff"), name
    names = filter(
        None, map(_codec, [*declared, detect_encoding(data, from_html_meta=True), detect_encoding(data)])
    )
    for name in dict.fromkeys(names):
        found = data.decode(name, errors="replace")
        if found.count(_REPLACEMENT) <= _MAX_BROKEN * len(found):
            return found, name
    return text, None


def _few_broken(text: str) -> bool:
    """Whether the broken characters are few among the whole ones, of those beyond ASCII too."""
    broken = text.count(_REPLACEMENT)
    foreign = sum(map(len, _FOREIGN.findall(text)))
    return broken <= _MAX_BROKEN * len(text) and foreign >= _WHOLE_TO_BROKEN * broken


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
        if not _FOREIGN_WORDS.search(text):
            # marks alone, such as the lines of a table, are no evidence, nor are the letters that another
            # charset makes of them
            return None
        share = _common_share(text)
        if share >= _MIN_COMMON:
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


def _common_share(text: str) -> float:
    """The share of the letters beyond ASCII that are common Chinese ones; 0 if most of them are alone among
    others."""
    words = _FOREIGN_WORDS.findall(text)
    letters = sum(map(len, words))
    in_runs = letters - sum(len(word) == 1 for word in words)
    if letters == 0 or in_runs < _MIN_IN_RUNS * letters:
        return 0.0
    return sum(map(len, _COMMON.findall(text))) / letters


def _western(data: bytes) -> str | None:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    accented = len(_LATIN_LETTERS.findall(text))
    letters = accented + sum(map(str.isalpha, data.decode("ascii", errors="ignore")))
    if accented > _MAX_LATIN_LETTERS * letters or _NO_MARKS.search(text) or _NOT_WESTERN.search(text):
        return None
    if accented == 0:
        return text
    name = _codec(detect_encoding(data, html5_compatible=False))
    return text if name is not None and data.decode(name, errors="replace") == text else None


def decode_all(data: pa.BinaryArray) -> tuple[pa.StringArray, pa.StringArray]:
    """Texts and charsets [documents], as in ``decode``. A column that is all UTF-8 is checked natively and
    not copied."""
    try:
        return data.cast(pa.string()), pa.repeat("utf-8", len(data))
    except pa.ArrowInvalid:
        decoded = [decode(text) for text in data.to_pylist()]
        return pa.array([text for text, _ in decoded], pa.string()), pa.array(
            [charset for _, charset in decoded], pa.string()
        )
