"""What a decoder layer remembers while it generates token by token."""

from __future__ import annotations

import torch
from torch import Tensor


class LayerKVCache:
    """Keys and values of one decoder layer, each [batch, heads, positions, head_size].

    ``cross`` holds those of the encoder's output, computed once. Those of the self-attention grow with every
    call of ``extend``; the space doubles when it is full, so that n tokens cost O(n) copies and no greatest
    length has to be known.
    """

    def __init__(self) -> None:
        self.cross: tuple[Tensor, Tensor] | None = None
        self.length = 0
        self._store: Tensor | None = None

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Appends new positions, [batch, heads, positions, head_size] each; returns keys and values of all
        positions so far, as views."""
        batch, heads, added, head_size = keys.shape
        end = self.length + added
        if self._store is None or end > self._store.shape[3]:
            grown = keys.new_empty(2, batch, heads, max(32, 2 * end), head_size)
            if self._store is not None:
                grown[:, :, :, : self.length] = self._store[:, :, :, : self.length]
            self._store = grown
        self._store[0, :, :, self.length : end] = keys
        self._store[1, :, :, self.length : end] = values
        self.length = end
        return self._store[0, :, :, :end], self._store[1, :, :, :end]

    def select(self, rows: Tensor) -> None:
        """Goes on with the batch rows of the index ``rows``, int64 [rows to come]; a row may be taken several
        times."""
        if self.cross is not None:
            self.cross = (self.cross[0][rows], self.cross[1][rows])
        self.select_own(rows)

    def select_own(self, rows: Tensor) -> None:
        """As ``select``, for the self-attention only: the rows' sources stay where they are."""
        if self._store is not None:
            self._store = torch.index_select(self._store, 1, rows)
