"""What the plan knows of every document: a few numbers, never its text or tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.unsound_file import check
from pipeline.steps.shards.token_gather import Columns
from pipeline.text.arrow.fixed_width import leading_uint64

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Inventory:
    """Columns [documents] in the order of the parts: ``hash``, ``whole`` (of a piece, the hash of its
    document; the same array as ``hash`` where there are no pieces), ``source`` (index into ``sources``),
    ``language`` (index into ``languages``), ``tokens`` without eos, ``tokens_at`` (where they lie, see
    ``Tokens``)."""

    hash: npt.NDArray[np.uint64]
    whole: npt.NDArray[np.uint64]
    source: npt.NDArray[np.int32]
    language: npt.NDArray[np.int8]
    tokens: Int64
    tokens_at: Int64
    sources: tuple[str, ...]
    languages: tuple[str, ...]

    @classmethod
    def read(cls, columns: Columns) -> Inventory:
        """Of all documents that ``TokensExtractor`` saw."""
        sources, source = _indices(columns.column("source"))
        languages, language = _indices(columns.column("language"))
        hashes, whole = _hashes(columns, "hash"), _hashes(columns, "whole")
        tokens, at = (columns.column(name).to_numpy() for name in ("length", "tokens_at"))
        check(int(tokens.min(initial=0)) >= 0, columns.paths[0], "has documents of a negative length")
        return cls(
            hashes,
            hashes if np.array_equal(whole, hashes) else whole,
            source.astype(np.int32),
            language.astype(np.int8),
            tokens,
            at,
            sources,
            languages,
        )

    def of(self, language: str) -> npt.NDArray[np.bool_]:
        """Which documents are in ``language``."""
        if language not in self.languages:
            return np.zeros(len(self.tokens), np.bool_)
        return np.asarray(self.language == self.languages.index(language))


def _hashes(columns: Columns, name: str) -> npt.NDArray[np.uint64]:
    return np.concatenate([leading_uint64(chunk) for chunk in columns.column(name).chunks])


def _indices(column: pa.ChunkedArray) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    """The distinct values, sorted, and each row's index among them."""
    names = pc.unique(column).sort()
    return tuple(names.to_pylist()), pc.index_in(column, value_set=names).to_numpy()
