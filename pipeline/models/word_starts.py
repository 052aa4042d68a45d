"""Which pieces of a tokenizer begin a word: a space and a letter, or a Chinese character after another
one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SPACE = "\u2581"
BEGINS_WORD, BEGINS_HAN, ENDS_HAN = 1, 2, 4


def word_starts(pieces: Sequence[str]) -> npt.NDArray[np.uint8]:
    """uint8 [pieces]: ``BEGINS_WORD``, ``BEGINS_HAN`` and ``ENDS_HAN``, added up.

    ``pieces``: by id, as SentencePiece writes them, with U+2581 for a space.
    """
    return np.array([_of(piece) for piece in pieces], np.uint8)


def _of(piece: str) -> int:
    begins_word = len(piece) > 1 and piece[0] == SPACE and piece[1].isalpha()
    return begins_word * BEGINS_WORD + _is_han(piece[:1]) * BEGINS_HAN + _is_han(piece[-1:]) * ENDS_HAN


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"
