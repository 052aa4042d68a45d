"""Which of many values are somewhere in the files of a folder, in whatever way files of a run write them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa

from pipeline.models.perplexity.ngram_model import LINE, NgramModel
from pipeline.models.tokenizer import Tokenizer
from tests.pipeline.steps.privacy.identities import Identity

_WINDOW = 8
_MEANT = {b"n": b"\n", b"t": b"\t"}


def found_in(folder: Path, planted: Sequence[Identity], tokenizer: Path | None = None) -> list[Identity]:
    """Those whose value is in a file or in a file's name: as bytes, percent-encoded, escaped as JSON or HTML,
    or, given the tokenizer, as tokens."""
    values = [one.value.encode() for one in planted]
    heads = np.array([int.from_bytes(value[:_WINDOW], "little") for value in values], np.uint64)
    there, begins = np.zeros(len(values), bool), np.zeros(1 << 16, bool)
    begins[heads & 0xFFFF] = True
    encoder = Tokenizer(tokenizer) if tokenizer else None
    for content in _contents(folder, encoder):
        windows = _windows(content)
        hits = np.isin(heads, windows[begins[windows & 0xFFFF]])
        for index in np.flatnonzero(hits & ~there).tolist():
            there[index] = values[index] in content
    return [one for one, is_there in zip(planted, there, strict=True) if is_there]


def _windows(content: bytes) -> np.ndarray:
    """All stretches of ``_WINDOW`` bytes as numbers, uint64."""
    data = np.frombuffer(content + bytes(_WINDOW), np.uint8)
    size = len(data) // _WINDOW * _WINDOW - _WINDOW
    return np.concatenate([data[start : start + size].view("<u8") for start in range(_WINDOW)])


def _contents(folder: Path, encoder: Tokenizer | None) -> Iterator[bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    yield "\n".join(path.relative_to(folder).as_posix() for path in files).encode()
    for path in files:
        content = path.read_bytes()
        yield content
        if b"%" in content:
            yield unquote_to_bytes(content)
        if b"\\" in content:
            yield _unescaped(content)
        if path.suffix == ".html":
            yield html.unescape(content.decode()).encode()
        if path.suffix == ".arrow" and encoder is not None:
            yield from _decoded(path, encoder)


def _unescaped(content: bytes) -> bytes:
    """JSON's strings as they are read."""
    return re.sub(rb"\\(.)", lambda match: _MEANT.get(match.group(1), match.group(1)), content)


def _decoded(path: Path, encoder: Tokenizer) -> Iterator[bytes]:
    """What the columns of tokens say; rows end within a document and are read end to end."""
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    for name in ("tokens", "prompt", "target"):
        if name in table.column_names:
            texts = encoder.decode(table[name].combine_chunks()).to_pylist()
            yield "".join(texts).encode()
            yield "\n".join(texts).encode()


def remembered_by(model: Path, tokenizer: Path, planted: Sequence[Identity]) -> list[Identity]:
    """Those all of whose longest n-grams an n-gram model has: it could be asked for them."""
    ngrams, names = NgramModel.load(model), pa.array([one.value for one in planted])
    borders = np.cumsum(np.append(0, ngrams.lines)).astype(np.int64)
    tables = [_slots(ngrams.tables[start:end]) for start, end in pairwise(borders)]
    rows = Tokenizer(tokenizer).encode(names).to_pylist()
    known = dict(enumerate(ngrams.word.tolist()))
    words = [[known.get(token, 0) for token in row] for row in rows]
    return [one for one, row in zip(planted, words, strict=True) if _has_all(row, tables)]


def _slots(table: np.ndarray) -> dict[int, int]:
    """By key, the slot of each n-gram of an order."""
    keys = table[:, :LINE].ravel()
    used = np.flatnonzero(keys)
    return dict(zip(keys[used].tolist(), used.tolist(), strict=True))


def _has_all(words: Sequence[int], tables: Sequence[dict[int, int]]) -> bool:
    longest = len(tables) + 1
    if len(words) <= longest or 0 in words:
        return False
    return all(_has(words[at : at + longest], tables) for at in range(len(words) - longest + 1))


def _has(words: Sequence[int], tables: Sequence[dict[int, int]]) -> bool:
    slot = words[0]
    for word, table in zip(words[1:], tables, strict=True):
        key = slot << 32 | word + 1
        if key not in table:
            return False
        slot = table[key]
    return True
