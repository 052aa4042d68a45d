"""Which documents train the step's models: chosen by the document's hash alone, so that every worker knows without asking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from manifests.schema.steps import KEPT, Part

HELD_BACK = 0.05


def _fractions(hashes: pa.Array, first_byte: int) -> np.ndarray:
    """Four bytes of each 16-byte hash as a fraction in [0, 1): float64 [documents]."""
    data = np.frombuffer(hashes.buffers()[1], np.uint8)[hashes.offset * 16 : (hashes.offset + len(hashes)) * 16].reshape(-1, 16)
    return data[:, first_byte : first_byte + 4].copy().view(">u4")[:, 0] / 2**32


def held_back(hashes: pa.Array) -> np.ndarray:
    """The twentieth of the documents that never trains a perplexity model: bool [documents]."""
    return _fractions(hashes, 4) < HELD_BACK


@dataclass(frozen=True)
class Sample:
    """Documents of ``sources`` whose hash falls into their language's share; ``shares`` 0 leaves a language out."""

    shares: Mapping[str, float]
    sources: frozenset[str]

    def chosen(self, batch: pa.RecordBatch) -> np.ndarray:
        """bool [documents]."""
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        limits = np.zeros(batch.num_rows)
        for language, share in self.shares.items():
            limits[languages == language] = share
        return np.isin(batch.column("source").to_numpy(zero_copy_only=False), sorted(self.sources)) & (
            _fractions(batch.column("hash"), 0) < limits
        )


def language_bytes(parts: Iterable[Part], sources: frozenset[str]) -> dict[str, int]:
    """Bytes of text of the kept documents of the sources, by language, in the order of the languages' names."""
    found: dict[str, int] = {}
    for part in parts:
        for count in part.counts:
            if count.reason == KEPT and count.source in sources and count.bytes:
                found[count.language] = found.get(count.language, 0) + count.bytes
    return dict(sorted(found.items()))


def balanced(available: Mapping[str, int], budget: int) -> dict[str, float]:
    """Shares that take the same number of bytes of every language; what a small one cannot give is divided among the others."""
    shares: dict[str, float] = {}
    for number, (language, size) in enumerate(sorted(available.items(), key=lambda item: (item[1], item[0]))):
        taken = min(size, budget // (len(available) - number))
        shares[language] = taken / size
        budget -= taken
    return shares
