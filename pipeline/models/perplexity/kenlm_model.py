"""Perplexity under a KenLM model that was made elsewhere, read by the kenlm library."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import kenlm
import numpy as np
import numpy.typing as npt
import sentencepiece

from manifests.border.kenlm_model import check_kenlm
from manifests.border.sentencepiece_model import checked_model
from manifests.border.unsound_file import UnsoundFileError
from manifests.errors import UserError
from pipeline.models.perplexity.ccnet_text import ccnet_text

_HAN = re.compile(r"([\u3400-\u9fff])")


class KenlmScorer:
    """``model``: an ARPA or binary file; ``tokenizer``: a SentencePiece model, or None for words between
    white space and single Chinese characters; ``ccnet``: whether lines are normalised as CCNet does it.

    Raises:
        UserError: a file is missing or no such model.
    """

    def __init__(self, model: Path, tokenizer: Path | None = None, ccnet: bool = False) -> None:
        self._model = _load(model)
        self._processor = None if tokenizer is None else _processor(tokenizer)
        self._ccnet = ccnet

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Perplexity [texts] per word, each line a sentence whose end counts as a word; NaN for a text
        without words."""
        return np.array([self._perplexity(text) for text in texts], np.float64)

    def _perplexity(self, text: str) -> float:
        lines = [words for line in text.split("\n") if (words := self._words(line))]
        if not lines:
            return float("nan")
        total = sum(self._model.score(words) for words in lines)
        length = sum(words.count(" ") + 2 for words in lines)
        with np.errstate(over="ignore"):  # a model may say what it likes
            return float(np.power(10.0, -total / length))

    def _words(self, line: str) -> str:
        """The words between single spaces."""
        if self._ccnet:
            line = ccnet_text(line)
        if self._processor is None:
            return " ".join(_HAN.sub(r" \1 ", line).split())
        return " ".join(self._processor.EncodeAsPieces(line))


def _load(path: Path) -> kenlm.Model:
    config = kenlm.Config()
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    try:
        check_kenlm(path)
        return kenlm.Model(str(path), config)
    except (OSError, RuntimeError, UnicodeDecodeError) as error:  # it quotes lines that are no UTF-8
        said = " ".join(str(error).split())
        raise UserError(
            f"is no KenLM model ({said})", where=path, fix="give an ARPA or binary file"
        ) from None


def _processor(path: Path) -> sentencepiece.SentencePieceProcessor:
    try:
        return sentencepiece.SentencePieceProcessor(model_proto=checked_model(path))
    except (OSError, RuntimeError, UnsoundFileError):
        raise UserError(
            "is no SentencePiece model", where=path, fix="give the one the model was made with"
        ) from None
