"""Writing token sets: the shards by the engine, and their entry in the shard manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifests.border.arrow_files import read_batches, row_count
from manifests.border.unsound_file import check
from manifests.schema.shards import Shard, SourceShare, TokenSet, Vocabulary
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.context import StepContext
from pipeline.runtime.npy_files import save_durably
from pipeline.runtime.phases import Phases
from pipeline.steps.shards.inventory import Inventory
from pipeline.steps.shards.rehydrate import Rehydration
from pipeline.steps.shards.sampling_keys import WRITE, keys, spread
from pipeline.steps.shards.stream_shards import StreamShards
from pipeline.steps.shards.token_gather import flat
from pipeline.steps.shards.token_positions import Tokens

Int64 = npt.NDArray[np.int64]
Language = Literal["en", "zh", "code"]


@dataclass(frozen=True)
class Writer:
    """Writes the sets of one corpus."""

    context: StepContext
    source: Tokens
    inventory: Inventory
    vocabulary: Vocabulary
    rehydration: Rehydration | None = None

    def stream(
        self, language: Language, times: Int64, heldout: bool, available: npt.NDArray[np.bool_]
    ) -> TokenSet:
        """The stream of a language's documents, each ``times`` [documents] often; ``available``: those it was
        drawn from."""
        inventory, settings = self.inventory, self.context.corpus.shards
        rows = np.repeat(np.arange(len(times)), times)
        repeat = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
        rows = rows[np.lexsort((rows, self._places(language, rows, repeat, times)))]
        name = f"heldout-{language}" if heldout else str(language)
        listing = save_durably(
            self.context.folder / "plan" / f"{name}.npy",
            np.stack([rows, inventory.tokens[rows] + 1, inventory.tokens_at[rows]]),
        )
        stream = StreamShards(self.source, listing, settings.shard_tokens, self.vocabulary.eos)
        paths = Phases(self.context).each(name, stream, stream.shards)
        sizes = [
            min(settings.shard_tokens, stream.tokens - index * settings.shard_tokens)
            for index in range(len(paths))
        ]
        shards = shard_entries(paths, sizes, self.context.folder)
        return TokenSet(
            name=language,
            language=language,
            kind="stream",
            tokens=stream.tokens,
            rows=sum(shard.file.rows for shard in shards),
            documents=int(np.count_nonzero(times)),
            shard_tokens=settings.shard_tokens,
            shards=shards,
            sources=source_shares(
                inventory.sources, inventory.source, inventory.tokens + 1, times, available
            ),
            cluster_sizes=()
            if heldout or self.rehydration is None
            else self.rehydration.shares(language, inventory, times, available),
            budget=None if heldout else settings.budget[language],
            unigram_entropy=unigram_entropy(paths, "tokens", self.vocabulary.size),
        )

    def _places(self, language: Language, rows: Int64, repeat: Int64, times: Int64) -> npt.NDArray[np.uint64]:
        """By what documents and their copies are ordered. Copies are drawn each by itself, but for those of a
        rehydrated language, where many of a document could come to lie side by side."""
        hashes, seed = self.inventory.hash[rows], self.context.corpus.seed
        if self.rehydration is None or language not in self.rehydration.ranges:
            return keys(hashes, seed, WRITE, repeat)
        return spread(keys(hashes, seed, WRITE), repeat, times[rows])


def shard_entries(paths: Sequence[Path], tokens: Sequence[int], folder: Path) -> tuple[Shard, ...]:
    """Manifest entries of finished shards."""
    rows = [row_count(path) for path in paths]
    return tuple(
        Shard(file=describe(path, folder, row), tokens=size)
        for path, row, size in zip(paths, rows, tokens, strict=True)
    )


def source_shares(
    names: Sequence[str],
    source: npt.NDArray[np.int32],
    tokens: Int64,
    times: Int64,
    available: npt.NDArray[np.bool_],
) -> tuple[SourceShare, ...]:
    """What each source that had something gave; ``tokens`` [documents] as they are written."""

    def total(weights: Int64) -> Int64:
        return np.array([weights[source == index].sum() for index in range(len(names))])

    has, written, documents = (
        total(tokens * available),
        total(tokens * times),
        total((times > 0).astype(np.int64)),
    )
    return tuple(
        SourceShare(
            name=name,
            documents=int(documents[index]),
            tokens=int(written[index]),
            available_tokens=int(has[index]),
            epochs=round(float(written[index] / has[index]), 6),
        )
        for index, name in enumerate(names)
        if has[index]
    )


def unigram_entropy(paths: Sequence[Path], column: str, size: int) -> float:
    """Entropy [nats per token] of the distribution of the tokens in some shards' ``column``; ``size`` is the
    number of ids."""
    counts = np.zeros(size, np.int64)
    for path in paths:
        for batch in read_batches(path, pa.schema([pa.field(column, pa.list_(pa.uint32()))])):
            values, starts = flat(batch.column(column))
            check(int(values.max(initial=0)) < size, path, f"has ids that are not below {size}")
            counts += np.bincount(values[starts[0] : starts[-1]], minlength=size)
    share = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(share * np.log(share)).sum())
