"""The shard manifest: tokens that do not add up are refused."""

from __future__ import annotations

from typing import Any

import pytest

from manifests.schema.shards import ClusterSizeShare, Shard, SourceShare, TokenSet
from manifests.schema.steps import File


def shard(tokens: int) -> Shard:
    return Shard(file=File(path=f"en-{tokens}.arrow", sha256="0" * 64, bytes=1, rows=1), tokens=tokens)


def source(name: str, tokens: int) -> SourceShare:
    return SourceShare(name=name, documents=1, tokens=tokens, available_tokens=tokens, epochs=1.0)


def sizes(*tokens: int) -> tuple[ClusterSizeShare, ...]:
    return tuple(
        ClusterSizeShare(
            at_least=place + 1, weight=1, documents=1, tokens=some, available_tokens=some, epochs=1
        )
        for place, some in enumerate(tokens)
    )


def token_set(**changes: Any) -> TokenSet:
    whole: dict[str, Any] = {
        "name": "en", "language": "en", "kind": "stream", "tokens": 25, "rows": 3, "documents": 3, "shard_tokens": 10,
        "unigram_entropy": 1.0, "shards": (shard(10), shard(10), shard(5)), "sources": (source("pep20", 18), source("peps", 7)),
    }  # fmt: skip
    return TokenSet(**whole | changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"shards": (shard(10), shard(10), shard(6))}, "set en: the shards hold 26 tokens, not 25"),
        ({"shards": (shard(10), shard(10))}, "set en: the shards hold 20 tokens, not 25"),
        ({"sources": (source("pep20", 18), source("peps", 8))}, "set en: the sources give 26 tokens, not 25"),
        ({"sources": (source("pep20", 18),)}, "set en: the sources give 18 tokens, not 25"),
        ({"cluster_sizes": sizes(20, 4)}, "set en: the cluster sizes give 24 tokens, not 25"),
        ({"tokens": 24}, "set en: the shards hold 25 tokens, not 24"),
    ],
)
def test_a_set_whose_tokens_do_not_add_up_is_refused(changes: dict[str, Any], told: str) -> None:
    assert token_set().tokens == 25
    with pytest.raises(ValueError, match=told):
        token_set(**changes)


def test_a_set_that_is_not_rehydrated_says_nothing_of_cluster_sizes() -> None:
    assert "cluster_sizes" not in token_set().model_dump(mode="json")
    whole = token_set(cluster_sizes=sizes(20, 5))
    assert TokenSet.model_validate(whole.model_dump(mode="json")) == whole
