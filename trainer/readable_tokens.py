"""Token ids as text that a person reads: pieces joined, special tokens by their names."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import numpy.typing as npt
from sentencepiece import SentencePieceProcessor

from manifests.schema.shards import Vocabulary


class ReadableTokens:
    """What ids say, such as ``<X>for each <extra_id_0> of the list</s>``."""

    def __init__(self, pieces: SentencePieceProcessor, vocabulary: Vocabulary) -> None:
        self._pieces, self._first_special = pieces, vocabulary.pieces
        self._names = {vocabulary.pad: "<pad>", vocabulary.eos: "</s>"}
        self._names |= {vocabulary.sentinel(k): f"<extra_id_{k}>" for k in range(vocabulary.sentinels)}
        self._names |= {vocabulary.mode(name): f"<{name}>" for name in ("R", "S", "X")}

    def text(self, ids: npt.NDArray[np.integer]) -> str:
        """Ids [tokens] as one line of text or more."""
        runs = groupby(ids.tolist(), key=lambda number: number in self._names)
        return "".join(
            "".join(self._names[number] for number in run) if special else self._pieces.decode(list(run))
            for special, run in runs
        )
