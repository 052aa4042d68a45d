"""Shards as a torch dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from manifests.errors import UserError
from manifests.run_folder import run_folder
from manifests.schema.base import load
from manifests.schema.shards import ShardManifest
from trainer.data.dataset import TokenStream, open_sets

_READ_AT_ONCE = 256

Sample = Tensor | tuple[Tensor, Tensor]


class ShardDataset(IterableDataset[Sample]):
    """The samples of a training set, each once, in the order of its shards.

    A set of text gives chunks, int64 [length]; the tokens after its last whole chunk are left out, as in
    training. A set of instructions gives pairs (prompt, target), int64 [tokens] each. The workers of a
    ``DataLoader`` share the samples between them.

    Args:
        run: the run folder.
        set: the set's name, such as ``en`` or ``biflan_zh``.
        length: tokens of a chunk; sets of instructions have none.

    Raises:
        UserError: there is no such set, or ``length`` does not suit it.
        ManifestError: ``shards.json`` is missing or not valid.
    """

    def __init__(self, run: str | Path, set: str, length: int | None = None) -> None:
        self._folder = run_folder(run) / "shards"
        manifest = load(self._folder / "shards.json", ShardManifest)
        if set not in manifest.sets:
            raise UserError(
                f"no set {set!r}", where=self._folder, fix=f"name one of {', '.join(manifest.sets)}"
            )
        self._tokens = manifest.sets[set]
        if (self._tokens.kind == "stream") != (length is not None and length > 0):
            raise UserError(
                f"the set {set} is of {self._tokens.kind}", fix="give length to streams only, above 0"
            )
        self._length = length or 0

    def __len__(self) -> int:
        return self._tokens.tokens // self._length if self._length else self._tokens.rows

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        # Opened here: a worker that was spawned has no mapping of the files.
        opened = open_sets(self._folder, {self._tokens.name: self._tokens})[self._tokens.name]
        mine = np.arange(first, len(self), step)
        for start in range(0, len(mine), _READ_AT_ONCE):
            rows = mine[start : start + _READ_AT_ONCE]
            if isinstance(opened, TokenStream):
                yield from torch.from_numpy(opened.chunks(rows, self._length).astype(np.int64))
            else:
                yield from (
                    (torch.from_numpy(prompt.astype(np.int64)), torch.from_numpy(target.astype(np.int64)))
                    for prompt, target in zip(*opened.pairs(rows), strict=True)
                )
