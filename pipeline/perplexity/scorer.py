"""Perplexity of documents under an n-gram model over token ids."""

from __future__ import annotations

from pathlib import Path

import kenlm
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def join_ids(tokens: pa.ListArray) -> pa.Array:
    """Each row of ids as decimal numbers between spaces, the words of the models: string [rows]."""
    return pc.binary_join(tokens.cast(pa.list_(pa.string())), " ")


class PerplexityScorer:
    """A KenLM model (ARPA or KenLM's binary form) whose words are token ids as decimal numbers.

    Raises:
        OSError: the file is missing or no model.
    """

    def __init__(self, model: Path) -> None:
        config = kenlm.Config()
        config.show_progress = False
        config.arpa_complain = kenlm.ARPALoadComplain.NONE
        self._model = kenlm.Model(str(model), config)

    def score(self, tokens: pa.ListArray) -> npt.NDArray[np.float64]:
        """Perplexity [documents] per token, the end of the document counted as one: ``10 ** (-log10 P(document </s>) / (tokens + 1))``.

        An empty document has the perplexity of its end; a null one NaN.
        """
        lengths = pc.list_value_length(tokens).to_numpy(zero_copy_only=False).astype(np.float64)
        texts = join_ids(tokens).fill_null("").to_pylist()
        scores = np.fromiter(map(self._model.score, texts), np.float64, len(texts))
        return np.asarray(10.0 ** (-scores / (lengths + 1)), np.float64)
