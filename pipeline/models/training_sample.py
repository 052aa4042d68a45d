"""Which documents train the step's models: chosen by the document's hash alone, so that every worker knows
without asking. All pieces of a document are chosen by the hash of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from manifests.schema.quality import Fitting
from manifests.schema.steps import KEPT, Count, Part
from pipeline.runtime.whole_documents import whole_hashes
from pipeline.text.arrow.fixed_width import byte_rows

HELD_BACK = 0.05
NO_MODEL = -1


def _fractions(hashes: pa.Array, first_byte: int) -> np.ndarray:
    """Four bytes of each 16-byte hash as a fraction in [0, 1): float64 [documents]."""
    return byte_rows(hashes)[:, first_byte : first_byte + 4].copy().view(">u4")[:, 0] / 2**32


@dataclass(frozen=True)
class Folds:
    """Which of ``models`` models may judge a document. Copies of a document have one hash, and so are in
    one fold.

    Model m is trained on the sampled documents of every fold but m, so that it may judge those of fold m. A
    single model has a fold of ``HELD_BACK`` of the documents; the rest is a fold that no model may judge.
    """

    models: int

    @staticmethod
    def by(settings: Fitting) -> Folds:
        """As many folds as a model is fitted with: one where it is not cross-fitted."""
        return Folds(settings.folds if settings.reference == "crossfit" else 1)

    def fold(self, hashes: pa.Array) -> np.ndarray:
        """int64 [documents]."""
        fractions = _fractions(hashes, 4)
        return (
            (fractions * self.models).astype(np.int64)
            if self.models > 1
            else (fractions >= HELD_BACK).astype(np.int64)
        )

    def judge(self, hashes: pa.Array, sampled: np.ndarray) -> np.ndarray:
        """The model for each document, the first for one not sampled; ``NO_MODEL`` where all have seen it:
        int64 [documents]."""
        fold = self.fold(hashes)
        return np.where(sampled, np.where(fold < self.models, fold, NO_MODEL), 0)


@dataclass(frozen=True)
class Sample:
    """Documents of ``sources`` whose hash falls into their language's share; ``shares`` 0 leaves a language
    out."""

    shares: Mapping[str, float]
    sources: frozenset[str]

    def chosen(self, batch: pa.RecordBatch) -> np.ndarray:
        """bool [documents]."""
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        limits = np.zeros(batch.num_rows)
        for language, share in self.shares.items():
            limits[languages == language] = share
        return np.isin(batch.column("source").to_numpy(zero_copy_only=False), sorted(self.sources)) & (
            _fractions(whole_hashes(batch), 0) < limits
        )


def language_bytes(parts: Iterable[Part], sources: frozenset[str]) -> dict[str, int]:
    """Bytes of text of the kept documents of the sources, by language, in the order of the languages'
    names."""
    found: Counter[str] = Counter()
    for count in _kept(parts, sources):
        found[count.language] += count.bytes
    return {language: size for language, size in sorted(found.items()) if size}


def language_documents(parts: Iterable[Part], sources: frozenset[str]) -> dict[str, int]:
    """The kept documents of the sources, by language, in the order of the languages' names."""
    found: Counter[str] = Counter()
    for count in _kept(parts, sources):
        found[count.language] += count.documents
    return dict(sorted(found.items()))


def _kept(parts: Iterable[Part], sources: frozenset[str]) -> Iterator[Count]:
    return (
        count for part in parts for count in part.counts if count.reason == KEPT and count.source in sources
    )


def balanced(available: Mapping[str, int], budget: int) -> dict[str, float]:
    """Shares that take the same number of bytes of every language; what a small one cannot give is divided
    among the others."""
    shares: dict[str, float] = {}
    for number, (language, size) in enumerate(sorted(available.items(), key=lambda item: (item[1], item[0]))):
        taken = min(size, budget // (len(available) - number))
        shares[language] = taken / size
        budget -= taken
    return shares
