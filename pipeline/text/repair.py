"""Unicode repair of whole columns: line ends, control characters, NFC, mojibake. Documents that need none are not touched."""

from __future__ import annotations

import ftfy
import pyarrow as pa
import pyarrow.compute as pc

# UTF-8 read as Windows-1252 or Latin-1 leaves these pairs; one alone can be honest text, so a document needs three to be flagged.
_MOJIBAKE = r"(?s)(?:(?:Ã[\x{80}-\x{bf}ƒ‚„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œ]|â€[œ™˜¦“”\x{9d}\x{99}]|Â[\x{a0}-\x{bf}]|[äåæçèé][\x{80}-\x{bf}]{2}).*){3}"
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{feff}\x{fffe}]"


def repair(texts: pa.StringArray) -> tuple[pa.StringArray, dict[str, int]]:
    """Repaired texts, and the number of documents that each repair changed.

    Args:
        texts: string [documents], without nulls.
    """
    counts: dict[str, int] = {}
    texts = _where(texts, pc.match_substring(texts, "\r"), "line_ends", _line_ends, counts)
    texts = _where(texts, pc.match_substring_regex(texts, _CONTROLS), "control_characters", _controls, counts)
    foreign = pc.invert(pc.string_is_ascii(texts))
    texts = _where(texts, pc.and_(foreign, pc.match_substring_regex(texts, _MOJIBAKE)), "mojibake", _fix_encoding, counts)
    texts = _where(texts, pc.invert(pc.string_is_ascii(texts)), "nfc", _nfc, counts)
    return texts, {f"repaired/{name}": number for name, number in counts.items() if number}


def _where(texts: pa.StringArray, mask: pa.BooleanArray, name: str, fix: object, counts: dict[str, int]) -> pa.StringArray:
    """Applies a repair to the masked documents only."""
    if not pc.any(mask, min_count=0).as_py():
        return texts
    before = texts.filter(mask)
    after = fix(before)  # type: ignore[operator]
    counts[name] = pc.sum(pc.not_equal(before, after)).as_py()
    return pc.replace_with_mask(texts, mask, after) if counts[name] else texts


def _line_ends(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring(pc.replace_substring(texts, "\r\n", "\n"), "\r", "\n")


def _controls(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(texts, _CONTROLS, "")


def _nfc(texts: pa.StringArray) -> pa.StringArray:
    return pc.utf8_normalize(texts, form="NFC")


def _fix_encoding(texts: pa.StringArray) -> pa.StringArray:
    # Few documents are flagged, so a call each is cheap; ftfy changes only what it can explain.
    return pa.array([ftfy.fix_encoding(text) for text in texts.to_pylist()], pa.string())
