"""The shard manifest: the one thing that the pipeline and the trainer both know."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from manifests.schema.base import Strict, UnusedLeftOut
from manifests.schema.steps import File

HELDOUT_TASKS = "_tasks"
"""Ends the name of a held-out set of pairs whose tasks are not trained on, after that of the set of pairs."""
SENTINELS = 100
"""As T5 has them."""
MODES = "RSX"
PADDING = 512
"""Embedding rows are a multiple of this: 4 tensor-parallel ranks of 128, so that 250,203 ids make the
released 250,368 rows."""


class Vocabulary(Strict):
    """Token ids as in OpenBA: the pieces, then ``extra_id_99 .. extra_id_0``, then ``<R> <S> <X>``.
    ``extra_id_k`` is ``pieces + 99 - k``."""

    model: File
    """The SentencePiece model."""
    pieces: int
    """Pieces of the model; their ids are the first."""
    pad: int = 0
    """Id of padding, which also starts the decoder."""
    eos: int = 1
    """Id of the end of a document."""
    unknown: int = 2
    """Id of what no piece covers."""
    sentinels: int = SENTINELS
    """Sentinels, one for each masked span."""
    size: int
    """Ids in all."""
    padded: int
    """Rows of the embedding: ``size``, rounded up to a multiple of 512."""

    @classmethod
    def of(cls, model: File, pieces: int) -> Vocabulary:
        """The ids of a model with so many pieces."""
        size = pieces + SENTINELS + len(MODES)
        return cls(model=model, pieces=pieces, size=size, padded=-(-size // PADDING) * PADDING)

    def sentinel(self, k: int) -> int:
        """Id of ``<extra_id_k>``."""
        return self.pieces + self.sentinels - 1 - k

    def mode(self, name: Literal["R", "S", "X"]) -> int:
        """Id of the mode token ``<R>``, ``<S>`` or ``<X>``."""
        return self.pieces + self.sentinels + MODES.index(name)


class Shard(Strict):
    """An Arrow IPC file with one record batch.

    A stream shard has columns ``id`` string, ``source`` string, ``start`` uint32 (offset of the row's first
    token in its document) and ``tokens`` list<uint32>; every document ends with eos; a document that crosses
    the end of a shard goes on in the next one, so the flat values of all shards of a set, in order, are one
    token stream. A pair shard has columns ``id``, ``source``, ``task`` string, ``prompt`` and ``target``
    list<uint32>, without eos, sentinels or mode tokens: the objective adds them.
    """

    file: File
    """The Arrow file."""
    tokens: int
    """Tokens in it."""


class SourceShare(Strict):
    """What one source gave to a set."""

    name: str
    """The source's name."""
    documents: int
    """Distinct documents that it gave."""
    tokens: int
    """Tokens written, eos of each document included."""
    available_tokens: int
    """Tokens that it had to give."""
    epochs: float
    """Tokens written / tokens it had."""


class ClusterSizeShare(Strict):
    """What documents of one range of cluster sizes gave to a rehydrated set."""

    at_least: int
    """The smallest size of the range, which ends below the next one's. A size counts the kept document, its
    duplicates, and, where weights are measured, those that the quality step rejected."""
    rejected: float | None = None
    """Share that the quality step rejected of clusters of this size, where weights are measured."""
    weight: float
    """Epochs that the weights ask for, before the budget scales them."""
    documents: int
    """Distinct documents that were used."""
    tokens: int
    """Tokens written, eos of each document included."""
    available_tokens: int
    """Tokens that there were."""
    epochs: float
    """Tokens written / tokens that there were; 0 where there were none."""


class TokenSet(UnusedLeftOut):
    """A set of shards of one language, or of instruction pairs."""

    optional_keys = ("cluster_sizes",)
    name: str
    """The set's name: that of its language, after ``biflan_`` for pairs, before ``_tasks`` for those of tasks
    that are held out."""
    language: Literal["en", "zh", "code"]
    """Its language."""
    kind: Literal["stream", "pairs"]
    """``stream``: documents end to end; ``pairs``: prompts and targets."""
    tokens: int
    """Tokens in it."""
    rows: int
    """Rows of its shards: documents, once more where one goes on in the next shard; or pairs."""
    documents: int
    """Distinct documents or pairs."""
    shard_tokens: int
    """Tokens of each stream shard but the last."""
    shards: tuple[Shard, ...]
    """The shards, in order."""
    sources: tuple[SourceShare, ...]
    """What each source gave."""
    cluster_sizes: tuple[ClusterSizeShare, ...] = ()
    """What each range of cluster sizes gave, where the set was rehydrated."""
    budget: int | None = None
    """Tokens that the corpus manifest asked for."""
    unigram_entropy: float
    """Entropy of the set's own token frequencies (of the targets, in sets of pairs), in nats per token: what
    a model that knew only the training set's frequencies would lose."""

    @model_validator(mode="after")
    def _tokens_add_up(self) -> TokenSet:
        if sum(shard.tokens for shard in self.shards) != self.tokens:
            raise ValueError(
                f"set {self.name}: the shards hold {sum(shard.tokens for shard in self.shards)} tokens, not "
                f"{self.tokens}"
            )
        if sum(source.tokens for source in self.sources) != self.tokens:
            raise ValueError(
                f"set {self.name}: the sources give {sum(source.tokens for source in self.sources)} tokens, "
                f"not {self.tokens}"
            )
        by_size = sum(share.tokens for share in self.cluster_sizes)
        if self.cluster_sizes and by_size != self.tokens:
            raise ValueError(f"set {self.name}: the cluster sizes give {by_size} tokens, not {self.tokens}")
        return self


class ShardManifest(Strict):
    """``shards/manifest.json``'s sibling ``shards/shards.json``: the training sets and the held-out sets, by
    name."""

    version: Literal[1] = 1
    """Version of the manifest's format."""
    kind: Literal["shards"] = "shards"
    """Tells a shard manifest from the others."""
    fingerprint: str
    """The shards step's fingerprint."""
    vocabulary: Vocabulary
    """The token ids."""
    sets: dict[str, TokenSet]
    """The sets to train on, by name."""
    heldout: dict[str, TokenSet]
    """The sets that were set aside, by name."""
