"""What a SentencePiece model file says about its pieces and its normalisation.

A reader of a dozen fields of sentencepiece_model.proto: the module that sentencepiece generates from that
file wants a newer protobuf than Beam allows. ``manifests.border`` has checked them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from manifests.border.protobuf import message_fields
from manifests.border.sentencepiece_model import Piece, pieces_of
from pipeline.text.tokenization.incremental_encoding import Spelling, build_spelling
from pipeline.text.tokenization.unigram import SPACE, Pieces, build_pieces

NORMAL, USER_DEFINED, BYTE = 1, 4, 6
UNIGRAM = 1
PENALTY = 10.0
"""By which a character that no piece covers is less likely than the least likely piece (unigram_model.cc)."""


@lru_cache(maxsize=2)
def read_pieces(model: bytes, unknown_id: int) -> Pieces | None:
    """For the kernel of ``text.unigram``; None where the model is no unigram model, or normalises texts
    beyond marking their spaces, or has a space beside its mark."""
    fields = list(message_fields(model))
    trainer, normalizer = (dict(message_fields(_last(fields, number))) for number in (2, 3))
    marks_spaces = normalizer.get(3, 1) and normalizer.get(5, 1) and not trainer.get(24, 0)
    changes_texts = normalizer.get(2, b"") or normalizer.get(4, 1)
    if trainer.get(3, UNIGRAM) != UNIGRAM or changes_texts or not marks_spaces:
        return None
    pieces = pieces_of(model)
    known = {
        piece.name: (index, piece.score)
        for index, piece in enumerate(pieces)
        if piece.kind in (NORMAL, USER_DEFINED)
    }
    if not known or len({name.replace(SPACE, " ") for name in known}) < len(known):
        return None
    least = min((piece.score for piece in pieces if piece.kind == NORMAL), default=0.0)
    bytes_ = {int(piece.name[1:-1], 16): index for index, piece in enumerate(pieces) if piece.kind == BYTE}
    return build_pieces(
        known,
        (unknown_id, least - PENALTY),
        [bytes_[byte] for byte in range(256)] if trainer.get(35, 0) else [],
    )


@lru_cache(maxsize=2)
def read_spelling(model: bytes) -> Spelling | None:
    """What each id stands for; None where a line break is not a piece of its own that is in no other."""
    pieces = pieces_of(model)
    breaks = [
        index
        for index, piece in enumerate(pieces)
        if piece.kind in (NORMAL, USER_DEFINED) and "\n" in piece.name
    ]
    if [pieces[index].name for index in breaks] != ["\n"]:
        return None
    return build_spelling([_spelled(piece) for piece in pieces], breaks[0])


def _spelled(piece: Piece) -> bytes:
    if piece.kind == BYTE:
        return bytes([int(piece.name[1:-1], 16)])
    return piece.name.replace(SPACE, " ").encode() if piece.kind in (NORMAL, USER_DEFINED) else b""


def _last(fields: list[tuple[int, Any]], wanted: int) -> bytes:
    return next((value for number, value in reversed(fields) if number == wanted), b"")
