"""SentencePiece model files (sentencepiece_model.proto), checked before the library, or a kernel of ours,
follows what they say: the pieces, and the trie by which a model normalises, whose offsets nobody else
checks."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from manifests.border.protobuf import message_fields
from manifests.border.regular_file import regular
from manifests.border.unsound_file import UnsoundFileError, need

UNKNOWN, BYTE, MODELS = 2, 6, range(1, 5)
_KINDS = range(1, 7)
_MOST_PIECES = 1 << 24
_LARGEST_SCORE = 1e6
_TRIE_BLOCK = 256
_BYTES = frozenset(f"<0x{byte:02X}>" for byte in range(256))


class Piece(NamedTuple):
    """``name`` as the model writes it, with U+2581 for a space."""

    name: str
    score: float
    kind: int


def checked_model(path: Path) -> bytes:
    """The bytes of a model file.

    Raises:
        UnsoundFileError: it is none, or a damaged one.
        FileNotFoundError: there is no file.
    """
    data = regular(path).read_bytes()
    try:
        _check(data)
    except ValueError as error:
        raise UnsoundFileError(f"not a SentencePiece model: {error}", where=path) from None
    return data


def piece_count(path: Path) -> int:
    """Pieces of a model file.

    Raises:
        UnsoundFileError, FileNotFoundError: see checked_model.
    """
    return sum(number == 1 for number, _ in message_fields(checked_model(path)))


def pieces_of(data: bytes) -> tuple[Piece, ...]:
    """All pieces of a model's bytes, by id.

    Raises:
        UnsoundFileError: they are none of a model, or of a damaged one.
    """
    try:
        return _check(data)
    except ValueError as error:
        raise UnsoundFileError(f"not a SentencePiece model: {error}") from None


@lru_cache(maxsize=4)
def _check(data: bytes) -> tuple[Piece, ...]:
    fields = list(message_fields(data))
    values = [value for number, value in fields if number == 1]
    trainer = _last(fields, 2)
    need(0 < len(values) <= _MOST_PIECES, f"it has {len(values)} pieces")
    pieces = _check_pieces(values)
    kinds = [piece.kind for piece in pieces]
    need(trainer.get(3, 1) in MODELS, f"it is of type {trainer.get(3)}")
    need(kinds.count(UNKNOWN) == 1, f"{kinds.count(UNKNOWN)} of its pieces stand for what is unknown")
    need(not trainer.get(35, 0) or kinds.count(BYTE) == 256, "it has not the piece of every byte")
    for number in (3, 5):
        _check_normalizer(_last(fields, number).get(2, b""))
    return pieces


def _check_pieces(values: Iterable[Any]) -> tuple[Piece, ...]:
    pieces, names = [], set()
    for value in values:
        need(isinstance(value, bytes), "a piece is a number")
        piece = dict(message_fields(value))
        name, score, kind = piece.get(1, b""), piece.get(2, bytes(4)), piece.get(3, 1)
        need(isinstance(name, bytes) and name != b"" and b"\0" not in name, "a piece has no name")
        need(isinstance(score, bytes) and len(score) == 4, "the score of a piece is none")
        need(kind in _KINDS, f"a piece is of kind {kind}")
        number = struct.unpack("<f", score)[0]
        need(math.isfinite(number) and abs(number) <= _LARGEST_SCORE, f"a piece has the score {number}")
        text = name.decode()
        need(kind != BYTE or text in _BYTES, f"{text!r} is the piece of no byte")
        names.add(name)
        pieces.append(Piece(text, number, kind))
    need(len(names) == len(pieces), "two of its pieces are one")
    return tuple(pieces)


def _check_normalizer(blob: Any) -> None:
    """Of Darts (darts_clone): four bytes of length, the units of the trie, and the texts that they lead to.
    From unit ``p`` a byte ``b`` leads to ``p ^ offset ^ b``, which is read before anything is compared."""
    need(isinstance(blob, bytes), "its normalization is a number")
    if not blob:
        return
    length = int.from_bytes(blob[:4], "little")
    texts = blob[4 + length :]
    need(length % (4 * _TRIE_BLOCK) == 0 and 0 < length < len(blob) - 4, "the trie it normalises by is cut")
    need(texts.endswith(b"\0"), "the texts it normalises to have no end")
    units = np.frombuffer(blob, "<u4", length // 4, 4).astype(np.int64)
    places = np.flatnonzero(units >> 31 == 0)
    of = units[places]
    bases = places ^ ((of >> 10) << ((of & 512) >> 6))
    need(bool(((bases | (_TRIE_BLOCK - 1)) < len(units)).all()), "the trie it normalises by leads out of it")
    leaves = units[bases[of >> 8 & 1 == 1]] & 0x7FFFFFFF
    need(bool((leaves < len(texts)).all()), "the trie it normalises by leads to no text")


def _last(fields: list[tuple[int, Any]], wanted: int) -> dict[int, Any]:
    value = next((value for number, value in reversed(fields) if number == wanted), b"")
    need(isinstance(value, bytes), f"field {wanted} is a number")
    return dict(message_fields(value))
