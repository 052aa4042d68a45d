"""Batches of different denoisers as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.data.batch import Batch, Tokens
from trainer.model.loss import IGNORED


def join(batches: Sequence[Batch]) -> Batch:
    """The examples of several batches, end to end in a single row, without their padding. A batch that is
    alone, and has neither padding nor documents, stays in rows."""
    first, *others = batches
    if not others and (first.decoder_lengths is not None or _full(first)):
        return first
    sources, targets = [_sources(batch) for batch in batches], [_targets(batch) for batch in batches]
    return Batch(
        encoder=_row([batch.encoder for batch in batches], sources),
        encoder_lengths=np.concatenate(sources),
        decoder=_row([batch.decoder for batch in batches], targets),
        labels=_row([batch.labels for batch in batches], targets),
        decoder_lengths=np.concatenate(targets),
        encoder_documents=_documents([batch.encoder_documents for batch in batches], sources),
        decoder_documents=_documents([batch.decoder_documents for batch in batches], targets),
    )


def _full(batch: Batch) -> bool:
    padded = batch.encoder_lengths is not None or bool((batch.labels[:, -1] == IGNORED).any())
    return not padded and batch.encoder_documents is None


def _sources(batch: Batch) -> Tokens:
    return batch.lengths[0]


def _targets(batch: Batch) -> Tokens:
    """To the last label that is not ignored: those that are ignored within a text are read all the same."""
    if batch.decoder_lengths is not None:
        return batch.decoder_lengths
    ignored = np.logical_and.accumulate(batch.labels[:, ::-1] == IGNORED, axis=1)
    ends: Tokens = np.maximum(batch.labels.shape[1] - np.count_nonzero(ignored, axis=1), 1)
    return ends


def _row(sides: Sequence[Tokens], lengths: Sequence[Tokens]) -> Tokens:
    """[1, sum of lengths]; each side is [examples, positions], or a single row already."""
    rows = [
        side[0, : each.sum()] if len(side) == 1 else side[np.arange(side.shape[1]) < each[:, None]]
        for side, each in zip(sides, lengths, strict=True)
    ]
    row: Tokens = np.concatenate(rows)[None]
    return row


def _documents(sides: Sequence[Tokens | None], lengths: Sequence[Tokens]) -> Tokens | None:
    """None where no batch has documents; in one that has none, an example is a document."""
    if all(side is None for side in sides):
        return None
    return _row(
        [
            np.zeros((1, each.sum()), dtype=np.int64) if side is None else side
            for side, each in zip(sides, lengths, strict=True)
        ],
        lengths,
    )
