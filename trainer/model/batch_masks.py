"""The masks of a micro batch's attentions."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from trainer.model.masks import Mask, document_mask, key_mask, segments


class BatchMasks(NamedTuple):
    """Of the encoder's attention, of the decoder's to the encoder's output, and of the decoder's own."""

    source: Mask
    cross: Mask
    target: Mask


def batch_masks(
    encoder: Tensor,
    sources: Tensor | None,
    targets: Tensor | None,
    read: Tensor | None,
    written: Tensor | None,
) -> BatchMasks:
    """The masks of a batch: ``encoder`` is its tokens, ``sources`` and ``targets`` are the lengths of its
    examples, ``read`` and ``written`` the documents of its positions (see EncoderDecoder.forward)."""
    if sources is not None and targets is not None:
        return BatchMasks(
            segments(sources, sources, read, read),
            segments(targets, sources, written, read),
            segments(targets, targets, written, written, causal=True),
        )
    if read is not None and written is not None:
        return BatchMasks(
            document_mask(read, read),
            document_mask(written, read),
            document_mask(written, written, causal=True),
        )
    mask = (
        None if sources is None else key_mask(sources, encoder.shape[1]).to(encoder.device, non_blocking=True)
    )
    return BatchMasks(mask, mask, None)
