"""Traditional to Simplified Chinese with OpenCC: phrase by phrase, for some characters have two simplified
forms.

Taiwan writes one letter (U+8457) for two words: to write, which is the same in Simplified, and the particle
that Hong Kong, classical editions and Simplified write as U+7740. OpenCC's ``tw2s`` tells them apart by its
phrases, where ``t2s`` leaves all as they are. It would change those of other texts too, so each text is
converted by the one that its own characters ask for.
"""

from __future__ import annotations

import re

import opencc
import orjson
import pyarrow as pa

from manifests.border.json_files import meta_object

VERSION: str = opencc.__version__

_TO_WRITE, _PARTICLE = "\u8457", "\u7740"
# Words for works and fame that tw2s has no phrase for, unless the next letter makes a verb of it.
_WORKS = re.compile("(?<=[原專巨編拙遺譯合所近新論卓昭較彰撰土])\u8457(?![火陸地落色急眼手])")
# No text has it: of a private use area.
_KEPT = "\U0010fffd"


class Simplifier:
    """Converts columns of texts; deterministic. Memory: four times the longest text (measured: 400 MB for one
    line of 102 MB)."""

    def __init__(self) -> None:
        self._general = opencc.OpenCC("t2s")
        self._taiwanese = opencc.OpenCC("tw2s")

    def convert(self, texts: pa.Array) -> pa.StringArray:
        """string [texts] -> string [texts]."""
        return pa.array([self._convert(text) for text in texts.to_pylist()], pa.string())

    def _convert(self, text: str) -> str:
        if not is_taiwanese(text) or _KEPT in text:
            return str(self._general.convert(text))
        kept = _WORKS.sub(_KEPT, text)
        return str(self._taiwanese.convert(kept)).replace(_KEPT, _TO_WRITE)


def is_taiwanese(text: str) -> bool:
    """Whether a Traditional text writes the particle as Taiwan does."""
    return text.count(_TO_WRITE) > text.count(_PARTICLE)


def with_original_script(meta: pa.Array) -> pa.StringArray:
    """JSON objects [texts] that also say which script a text was written in."""
    records = [meta_object(record) for record in meta.to_pylist()]
    return pa.array(
        [orjson.dumps({**record, "original_script": "Hant"}).decode() for record in records], pa.string()
    )
