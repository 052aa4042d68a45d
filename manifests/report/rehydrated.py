"""What a rehydrated set took of documents by the size of their cluster."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from manifests.schema.shards import ClusterSizeShare, ShardManifest, TokenSet


@dataclass(frozen=True)
class SizeRow:
    """A range of cluster sizes, in words, and its share of a set."""

    set: TokenSet
    sizes: str
    share: ClusterSizeShare

    @property
    def part(self) -> float:
        """0..1 of the set's tokens."""
        return self.share.tokens / self.set.tokens if self.set.tokens else 0.0


def size_rows(shards: ShardManifest) -> list[SizeRow]:
    """The table's rows; none where no set was rehydrated."""
    rows = []
    for token_set in shards.sets.values():
        starts = [share.at_least for share in token_set.cluster_sizes]
        names = [
            f"{low:,}–{next_low - 1:,}" if next_low - low > 1 else f"{low:,}"
            for low, next_low in pairwise(starts)
        ]
        names += [f"{low:,} and more" for low in starts[-1:]]
        rows += [SizeRow(token_set, *row) for row in zip(names, token_set.cluster_sizes, strict=True)]
    return rows
