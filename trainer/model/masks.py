"""What attention may look at: real tokens; the same example, where several lie in a row; the same document,
where a stage says so."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.model.bf16_linear import widened

EVERYWHERE = -1
"""Document number of the mode token and of the decoder's start: they are of no document, and every position
may attend to them."""
NOWHERE = -2
"""Document number of padding: nothing real attends to it."""


@dataclass(frozen=True)
class Segments:
    """Examples laid end to end in one row: their lengths on the side of the queries and on that of the keys,
    in the same order."""

    queries: tuple[int, ...]
    keys: tuple[int, ...]


Mask = Tensor | Segments | None


def positions(mask: Mask, length: int, start: int = 0) -> Tensor:
    """int64 [length], the position of each token: from ``start`` on, or from 0 in each segment of
    self-attention."""
    if isinstance(mask, Segments):
        return torch.cat([torch.arange(queries) for queries in mask.queries])
    return torch.arange(start, start + length)


def attend(
    queries: Tensor, keys: Tensor, values: Tensor, mask: Mask, *, causal: bool, dropout: float
) -> Tensor:
    """softmax(queries @ keys.T / sqrt(head_size)) @ values: each [batch, heads, positions, head_size], like
    ``queries``.

    Args:
        mask: bool, broadcastable to [batch, heads, queries, keys], true where a query may attend to a key; or
            the segments of a single row, each of which attends to itself only, at no cost for the others; or
            None.
        causal: only earlier keys and the query's own; not beside a tensor, which must be causal itself.
        dropout: of the probabilities.
    """
    if widened(queries):
        return attend(queries.float(), keys.float(), values.float(), mask, causal=causal, dropout=dropout).to(
            queries.dtype
        )
    if isinstance(mask, Segments):
        parts = zip(
            torch.split(queries, list(mask.queries), 2),
            torch.split(keys, list(mask.keys), 2),
            torch.split(values, list(mask.keys), 2),
            strict=True,
        )
        return torch.cat(
            [F.scaled_dot_product_attention(*part, is_causal=causal, dropout_p=dropout) for part in parts],
            dim=2,
        )
    return F.scaled_dot_product_attention(
        queries, keys, values, attn_mask=mask, is_causal=causal and mask is None, dropout_p=dropout
    )


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
