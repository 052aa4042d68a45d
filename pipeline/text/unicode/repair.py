"""Unicode repair of whole columns: line ends, control characters, mojibake, NFC, and the character that no
SentencePiece model gives back. Documents that need none are not touched."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text.unicode.combining_marks import MOST_MARKS, stream_safe
from pipeline.text.unicode.repair_candidates import (
    BROKEN,
    C1,
    CONTROL,
    LINE_END,
    MAYBE_MOJIBAKE,
    MAYBE_NOT_NFC,
    SPACE_MARK,
    repair_candidates,
)

_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{feff}\x{fffe}]"
# UTF-8 read as Windows-1252 or Latin-1 leaves these pairs; one alone can be honest text, so a document needs
# three to be flagged.
_MOJIBAKE = (
    r"(?s)(?:(?:Ã[\x{80}-\x{bf}ƒ‚„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œ]|â€[œ™˜¦“”\x{9d}\x{99}]|"
    r"Â[\x{a0}-\x{bf}]|[äåæçèé][\x{80}-\x{bf}]{2}).*){3}"
)

# No text has control characters of ISO 6429; where they are, Windows-1252 was read as Latin-1, and what the
# web shows in their place was meant (WHATWG Encoding Standard, index windows-1252). Five have nothing there.
_WINDOWS_1252 = str.maketrans(
    {point: bytes((point,)).decode("cp1252", errors="ignore") for point in range(0x80, 0xA0)}
)

_MANY_MARKS = rf"\pM{{{MOST_MARKS + 1}}}"

OF_PROSE = MAYBE_MOJIBAKE | C1
SUSPECT = LINE_END | CONTROL | MAYBE_NOT_NFC | SPACE_MARK | OF_PROSE

Fix = Callable[[pa.StringArray], pa.StringArray]


class Repaired(NamedTuple):
    """``texts`` [documents]; ``counts``: how many documents each repair changed; ``maybe_broken`` bool
    [documents]: outside of them no character is U+FFFD, which stands for a broken one."""

    texts: pa.StringArray
    counts: dict[str, int]
    maybe_broken: np.ndarray


def repair(texts: pa.StringArray, mojibake: bool = True) -> Repaired:
    """Repaired texts.

    Args:
        texts: string [documents], without nulls.
        mojibake: whether to undo UTF-8 (ftfy, Speer 2019) and Windows-1252 that were read as another Western
            charset.
    """
    candidates = repair_candidates(texts)
    found = candidates & (SUSPECT if mojibake else SUSPECT & ~OF_PROSE)
    # Of all repairs only that of mojibake may write such a character.
    maybe_broken = (candidates & BROKEN | found & MAYBE_MOJIBAKE) != 0
    if not found.any():
        return Repaired(texts, {}, maybe_broken)
    mask = pa.array(found != 0)
    repaired, counts = _repair(texts.filter(mask), found[found != 0])
    return Repaired(pc.replace_with_mask(texts, mask, repaired) if counts else texts, counts, maybe_broken)


def _repair(texts: pa.StringArray, found: np.ndarray) -> tuple[pa.StringArray, dict[str, int]]:
    """The same of suspected texts; ``found`` uint8 [documents]."""
    counts: dict[str, int] = {}
    texts = _where(texts, found & LINE_END, "line_ends", _line_ends, counts)
    texts = _where(texts, found & CONTROL, "control_characters", _controls, counts)
    texts = _where(texts, found & MAYBE_MOJIBAKE, "mojibake", _fix_encoding, counts)
    found = repair_candidates(texts) if counts.get("mojibake") else found
    # After mojibake, whose bytes beyond ASCII look like these.
    texts = _where(texts, found & C1, "windows_1252", _c1, counts)
    texts = _where(texts, found & SPACE_MARK, "space_marks", _space_marks, counts)
    texts = _where(texts, found & MAYBE_NOT_NFC, "nfc", _nfc, counts)
    return texts, {f"repaired/{name}": number for name, number in counts.items() if number}


def _where(
    texts: pa.StringArray, suspected: np.ndarray, name: str, fix: Fix, counts: dict[str, int]
) -> pa.StringArray:
    """Applies a repair to the suspected documents only."""
    if not suspected.any():
        return texts
    mask = pa.array(suspected != 0)
    before = texts.filter(mask)
    after = fix(before)
    counts[name] = pc.sum(pc.not_equal(before, after)).as_py()
    return pc.replace_with_mask(texts, mask, after) if counts[name] else texts


def _line_ends(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring(pc.replace_substring(texts, "\r\n", "\n"), "\r", "\n")


def _controls(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(texts, _CONTROLS, "")


def _space_marks(texts: pa.StringArray) -> pa.StringArray:
    # A tokenizer would write a space, and say nothing. The low line looks as the lowest block does.
    return pc.replace_substring(texts, "\u2581", "_")


def _c1(texts: pa.StringArray) -> pa.StringArray:
    return pa.array([text.translate(_WINDOWS_1252) for text in texts.to_pylist()], pa.string())


def _nfc(texts: pa.StringArray) -> pa.StringArray:
    # Not Arrow's utf8_normalize: asked for NFC, pyarrow 25 decomposes ("\u00e5" becomes "a\u030a"). Few
    # documents come here.
    long = pc.match_substring_regex(texts, _MANY_MARKS).to_pylist()
    safe = (stream_safe(text) if runs else text for text, runs in zip(texts.to_pylist(), long, strict=True))
    return pa.array([unicodedata.normalize("NFC", text) for text in safe], pa.string())


def _fix_encoding(texts: pa.StringArray) -> pa.StringArray:
    """By a call each for the few documents in which mojibake is found; ftfy changes only what it can
    explain."""
    import ftfy  # a tenth of a second, and most corpora have none

    found = pc.match_substring_regex(texts, _MOJIBAKE)
    fixed = pa.array([ftfy.fix_encoding(text) for text in texts.filter(found).to_pylist()], pa.string())
    return pc.replace_with_mask(texts, found, fixed)
