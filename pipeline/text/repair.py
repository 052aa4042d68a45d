"""Unicode repair of whole columns: line ends, control characters, mojibake, NFC. Documents that need none are not touched."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import ftfy
import pyarrow as pa
import pyarrow.compute as pc

_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{feff}\x{fffe}]"
# UTF-8 read as Windows-1252 or Latin-1 leaves these pairs; one alone can be honest text, so a document needs three to be flagged.
_MOJIBAKE = r"(?s)(?:(?:Ã[\x{80}-\x{bf}ƒ‚„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œ]|â€[œ™˜¦“”\x{9d}\x{99}]|Â[\x{a0}-\x{bf}]|[äåæçèé][\x{80}-\x{bf}]{2}).*){3}"
# All that NFC may change, and little more: marks, conjoining jamo, letters with a canonical mapping of their own (UAX 15, NFC_Quick_Check).
_MAYBE_NOT_NFC = (
    r"[\p{M}\x{374}\x{37e}\x{387}\x{958}-\x{95f}\x{9dc}-\x{9df}\x{a33}-\x{a5e}\x{b5c}\x{b5d}\x{f43}-\x{f69}\x{1161}-\x{11c2}"
    r"\x{1f71}-\x{1ffd}\x{2000}\x{2001}\x{2126}\x{212a}\x{212b}\x{2329}\x{232a}\x{2adc}\x{f900}-\x{faff}\x{fb1d}-\x{fb4e}"
    r"\x{1d15e}-\x{1d1c0}\x{2f800}-\x{2fa1d}]"
)

Fix = Callable[[pa.StringArray], pa.StringArray]


def repair(texts: pa.StringArray, mojibake: bool = True) -> tuple[pa.StringArray, dict[str, int]]:
    """Repaired texts, and the number of documents that each repair changed.

    Args:
        texts: string [documents], without nulls.
        mojibake: whether to undo UTF-8 that was read as a Western charset (ftfy, Speer 2019).
    """
    counts: dict[str, int] = {}
    texts = _where(texts, pc.match_substring(texts, "\r"), "line_ends", _line_ends, counts)
    texts = _where(texts, pc.match_substring_regex(texts, _CONTROLS), "control_characters", _controls, counts)
    foreign = pc.invert(pc.string_is_ascii(texts))
    if mojibake:
        texts = _where(texts, _matching(texts, foreign, _MOJIBAKE), "mojibake", _fix_encoding, counts)
    texts = _where(texts, _matching(texts, foreign, _MAYBE_NOT_NFC), "nfc", _nfc, counts)
    return texts, {f"repaired/{name}": number for name, number in counts.items() if number}


def _matching(texts: pa.StringArray, candidates: pa.BooleanArray, pattern: str) -> pa.BooleanArray:
    """Which of the candidates match; the others are not looked at."""
    return pc.replace_with_mask(candidates, candidates, pc.match_substring_regex(texts.filter(candidates), pattern))


def _where(texts: pa.StringArray, mask: pa.BooleanArray, name: str, fix: Fix, counts: dict[str, int]) -> pa.StringArray:
    """Applies a repair to the masked documents only."""
    if not pc.any(mask, min_count=0).as_py():
        return texts
    before = texts.filter(mask)
    after = fix(before)
    counts[name] = pc.sum(pc.not_equal(before, after)).as_py()
    return pc.replace_with_mask(texts, mask, after) if counts[name] else texts


def _line_ends(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring(pc.replace_substring(texts, "\r\n", "\n"), "\r", "\n")


def _controls(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(texts, _CONTROLS, "")


def _nfc(texts: pa.StringArray) -> pa.StringArray:
    # Not Arrow's utf8_normalize: asked for NFC, pyarrow 25 decomposes ("\u00e5" becomes "a\u030a"). Few documents come here.
    return pa.array([unicodedata.normalize("NFC", text) for text in texts.to_pylist()], pa.string())


def _fix_encoding(texts: pa.StringArray) -> pa.StringArray:
    # Few documents are flagged, so a call each is cheap; ftfy changes only what it can explain.
    return pa.array([ftfy.fix_encoding(text) for text in texts.to_pylist()], pa.string())
