"""What goes through a model at once."""

from __future__ import annotations

from trainer.data.batch import Batch
from trainer.distributed import device


class ForwardPass:
    """One micro batch to go through the model. ``idle`` ones count for nothing: they keep a process in step
    with the others when it has no samples left. Every process must bring the same number of them."""

    def __init__(self, batch: Batch, *, idle: bool = False) -> None:
        self.batch, self.idle = batch, idle
        self.target_tokens = batch.targets
        self.inputs = batch.inputs(pinned=device().type == "cuda")
