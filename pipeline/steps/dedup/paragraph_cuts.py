"""What becomes of a batch's repeated paragraphs: cut out, or the document is rejected because too little is
left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.unsound_file import UnsoundFileError
from manifests.schema.dedup import DedupSettings
from manifests.schema.documents import PROSE_LANGUAGES
from manifests.schema.quality import QualitySettings
from manifests.schema.rules import Rule
from pipeline.steps.dedup.signatures import is_code
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.cuts import cut, unmark
from pipeline.text.quality_signals.signals import measure
from pipeline.text.similarity.paragraphs import paragraphs

_AGAIN = "remove the dedup folder and run `openba dedup` again"
LEAST_SHARE = 0.2
LENGTHS = ("characters", "words")


def length_rules(settings: QualitySettings) -> tuple[Rule, ...]:
    """The quality step's rules that want documents to have a length."""
    return tuple(rule for rule in settings.judged if rule.signal in LENGTHS and rule.min is not None)


@dataclass(frozen=True)
class ParagraphCuts:
    """``stubs`` bool [documents]: which ones are rejected, uncut; ``details`` of these. ``owners``, ``spans``
    [2, cuts] and ``cuts`` (index among all of the batch's) say which paragraphs are removed: of what row,
    from what to what byte of the text buffer."""

    stubs: np.ndarray
    details: pa.Array
    owners: np.ndarray
    spans: np.ndarray
    cuts: np.ndarray


def plan_cuts(
    batch: pa.RecordBatch,
    verdict: pa.Table,
    settings: DedupSettings,
    rules: Sequence[Rule],
) -> ParagraphCuts:
    """Decides on documents of which paragraphs stand elsewhere.

    A document is rejected if nothing is left of it, or less than a fifth of its bytes and fewer bytes than a
    paragraph's least characters, or no paragraph of its own and less text than ``rules`` want. One that
    others are rejected for stays, and whole: else they would be rejected for nothing.

    Args:
        verdict: the batch's rows of ``decisions.SCHEMA``.
    """
    texts, counts = batch.column("text"), pc.list_value_length(verdict["cuts"]).to_numpy().astype(np.int64)
    standing = pc.is_null(verdict["reason"]).to_numpy()
    # A document without cuts need not be split into paragraphs once more.
    skip = ~standing | is_code(batch) | (counts == 0)
    _, spans, starts = paragraphs(texts, skip, settings.min_paragraph_characters)
    cuts = np.flatnonzero(np.repeat(~skip, counts))
    counts[skip] = 0
    owners = np.repeat(np.arange(len(counts)), counts)
    ordinals = pc.list_flatten(verdict["cuts"]).to_numpy()[cuts]
    if (ordinals >= np.diff(starts)[owners]).any():
        raise UnsoundFileError("decisions name a paragraph that its document does not have", fix=_AGAIN)
    spans = np.ascontiguousarray(spans[:, starts[owners] + ordinals])
    size = np.diff(text_buffers(texts).offsets)
    left = size - np.bincount(owners, spans[1] - spans[0], len(counts)).astype(np.int64)
    few = (left < LEAST_SHARE * size) & (left < settings.min_paragraph_characters)
    stubs = (counts > 0) & ((left == 0) | few)
    bare = (counts > 0) & ~stubs & (np.diff(starts) == counts)
    stubs |= _too_short(batch, bare, owners, spans, rules)
    details = _details(counts, left, size)
    whole = stubs & (verdict["duplicates"].to_numpy() > 1)
    stays = ~stubs[owners]
    return ParagraphCuts(stubs & ~whole, details, owners[stays], spans[:, stays], cuts[stays])


def _too_short(
    batch: pa.RecordBatch, chosen: np.ndarray, owners: np.ndarray, spans: np.ndarray, rules: Sequence[Rule]
) -> np.ndarray:
    """Which of the chosen documents have less text left than a rule wants."""
    found = np.zeros(len(chosen), bool)
    rows = np.flatnonzero(chosen)
    if len(rows) == 0 or not rules:
        return found
    keep = np.ones(len(text_buffers(batch.column("text")).data), bool)
    unmark(np.ascontiguousarray(spans[:, chosen[owners]]), keep)
    languages = batch.column("language").take(pa.array(rows)).to_numpy(zero_copy_only=False)
    texts = cut(batch.column("text"), keep).take(pa.array(rows))
    signals = measure(texts, np.isin(languages, PROSE_LANGUAGES))  # as the quality step measures them
    for rule in rules:
        assert rule.min is not None
        short = np.isin(languages, rule.languages) & (signals[rule.signal] < np.float32(rule.min))
        found[rows] |= short
    return found


def _details(removed: np.ndarray, left: np.ndarray, size: np.ndarray) -> pa.Array:
    """Which part of each document its repeated paragraphs are."""
    count, rest, whole = (pa.array(values).cast(pa.string()) for values in (removed, left, size))
    return pc.binary_join_element_wise(
        count, " paragraphs stand in other documents, ", rest, " of ", whole, " bytes are left", ""
    )
