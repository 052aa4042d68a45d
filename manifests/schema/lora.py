"""Low-rank adaptation of given weights."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from manifests.schema.base import Strict
from manifests.schema.values import Positive

Target = Literal["attention", "cross_attention", "feedforward"]


class Lora(Strict):
    """LoRA (Hu et al. 2021, arXiv 2106.09685): the weights of ``initial`` stay as they are, and beside each
    adapted matrix W two small ones are trained: W x + alpha / rank * B A x. Only A and B have gradients and
    moments, and only they are in checkpoints, which therefore need the weights that they began from.
    ``openba export`` adds them to those: plain weights. ``train.zero`` is 2 at most, for the frozen weights
    are whole in each process."""

    rank: Positive
    """Rows of A and columns of B. 8 to 64 are usual."""
    alpha: Annotated[float, Field(gt=0)]
    """``alpha / rank`` is what B A x is multiplied by. Once or twice the rank is usual."""
    targets: Annotated[tuple[Target, ...], Field(min_length=1)] = get_args(Target)
    """The sublayers whose matrices are adapted, in the encoder and in the decoder: self-attention,
    attention to the encoder's output, feed-forward. All of them are what comes up to full fine-tuning
    (Dettmers et al. 2023, QLoRA, section 4)."""
