"""What attention may look at: real tokens; the same example, where several lie in a row; the same document,
where a stage says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.model.bf16_ways import widened
from trainer.model.dropout import Draws, seed_generator

EVERYWHERE = -1
"""Document number of the mode token and of the decoder's start: they are of no document, and every position
may attend to them."""
NOWHERE = -2
"""Document number of padding: nothing real attends to it."""


@dataclass(frozen=True)
class Segments:
    """Examples laid end to end in one row: their lengths on the side of the queries and on that of the keys,
    in the same order; and, where attention does not cross documents, a mask for each: bool [1, 1, queries,
    keys]."""

    queries: tuple[int, ...]
    keys: tuple[int, ...]
    masks: tuple[Tensor, ...] | None = None


Mask = Tensor | Segments | None


def positions(mask: Mask, length: int, start: int = 0) -> Tensor:
    """int64 [length], the position of each token: from ``start`` on, or from 0 in each segment of
    self-attention."""
    if isinstance(mask, Segments):
        return torch.cat([torch.arange(queries) for queries in mask.queries])
    return torch.arange(start, start + length)


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Mask,
    *,
    causal: bool,
    dropout: Draws | None = None,
) -> Tensor:
    """softmax(queries @ keys.T / sqrt(head_size)) @ values: each [batch, heads, positions, head_size], like
    ``queries``.

    Args:
        mask: bool, broadcastable to [batch, heads, queries, keys], true where a query may attend to a key; or
            the segments of a single row, each of which attends to itself only, at no cost for the others; or
            None.
        causal: only earlier keys and the query's own; not beside a tensor, which must be causal itself.
        dropout: of the probabilities, example by example.
    """
    if widened(queries, "attention"):
        return attend(queries.float(), keys.float(), values.float(), mask, causal=causal, dropout=dropout).to(
            queries.dtype
        )
    parts = _parts(queries, keys, values, mask, rows=dropout is not None)
    mixed = []
    for example, (own_queries, own_keys, own_values, own_mask) in enumerate(parts):
        if dropout is not None:
            seed_generator(queries.device, dropout.seeds[example])
        mixed.append(
            F.scaled_dot_product_attention(
                own_queries,
                own_keys,
                own_values,
                attn_mask=own_mask,
                is_causal=causal and own_mask is None,
                dropout_p=0.0 if dropout is None else dropout.probability,
            )
        )
    return mixed[0] if len(mixed) == 1 else torch.cat(mixed, dim=2 if isinstance(mask, Segments) else 0)


def _parts(
    queries: Tensor, keys: Tensor, values: Tensor, mask: Mask, *, rows: bool
) -> Iterable[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
    """What is attended to at once: a segment; else a row, if they are to be apart; else all."""
    if isinstance(mask, Segments):
        return zip(
            torch.split(queries, list(mask.queries), 2),
            torch.split(keys, list(mask.keys), 2),
            torch.split(values, list(mask.keys), 2),
            mask.masks or [None] * len(mask.queries),
            strict=True,
        )
    if rows:
        masks = [None] * len(queries) if mask is None else torch.split(mask, 1)
        return zip(*(torch.split(side, 1) for side in (queries, keys, values)), masks, strict=True)
    return [(queries, keys, values, mask)]


def segments(
    queries: Tensor,
    keys: Tensor,
    query_documents: Tensor | None = None,
    key_documents: Tensor | None = None,
    *,
    causal: bool = False,
) -> Segments:
    """Segments of the given lengths, int64 [examples] each. Where the documents of the positions are given,
    int64 [1, positions] each, attention stays within them; those masks are causal if so told."""
    rows, columns = queries.tolist(), keys.tolist()
    if query_documents is None or key_documents is None:
        return Segments(tuple(rows), tuple(columns))
    sides = zip(torch.split(query_documents, rows, 1), torch.split(key_documents, columns, 1), strict=True)
    masks = tuple(document_mask(*side, causal=causal) for side in sides)
    return Segments(tuple(rows), tuple(columns), masks)


def key_mask(lengths: Tensor, positions: int) -> Tensor:
    """bool [batch, 1, 1, positions], true at the first ``lengths[b]`` positions."""
    return (torch.arange(positions, device=lengths.device) < lengths[:, None])[:, None, None, :]


def document_mask(queries: Tensor, keys: Tensor, *, causal: bool = False) -> Tensor:
    """bool [batch, 1, queries, keys], true where a query may attend to a key: same document, or one that is
    for all.

    Args:
        queries, keys: int64 [batch, positions], the document of each position, or EVERYWHERE, or NOWHERE.
        causal: only keys at or before the query's position.
    """
    mask = (queries[:, :, None] == keys[:, None, :]) | (keys == EVERYWHERE)[:, None, :]
    return (mask.tril() if causal else mask)[:, None]
