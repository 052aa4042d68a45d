"""Training shards as arrays over memory-mapped files: nothing is read before it is used, and nothing is
decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import UnsoundFileError
from manifests.errors import UserError
from manifests.files import safe_join
from manifests.schema.shards import Shard, TokenSet

Rows = NDArray[np.int64]


class ShardError(UserError):
    """A shard is missing or is not what the shard manifest says; the message names file and fix."""


class MappedFile:
    """A file that is mapped into memory, and must stay as it is: where it is cut short under a process, the
    next read beyond its end ends that with a signal and without a word. Another file of its name, or none,
    does no harm: the old one stays mapped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file, self._content = self._state()

    def _state(self) -> tuple[tuple[int, int], tuple[int, int]]:
        found = self._path.stat()
        return (found.st_dev, found.st_ino), (found.st_size, found.st_mtime_ns)

    def check(self) -> None:
        """Looks at the file's size and time.

        Raises:
            ShardError: it was written to since it was mapped.
        """
        try:
            file, content = self._state()
        except OSError:
            return
        if file == self._file and content != self._content:
            raise ShardError(
                f"{self._path}: was changed while the training reads it; put the shard back, then run the "
                "command again"
            )


class TokenStream:
    """The shards of a stream set as one sequence of tokens.

    Raises:
        ShardError: a shard is missing or of another length.
    """

    def __init__(self, folder: Path, tokens: TokenSet) -> None:
        self.tokens = tokens.tokens
        self._shard_tokens = tokens.shard_tokens
        self._shards = [_list_column(_column(folder, shard, "tokens"))[0] for shard in tokens.shards]
        self._files = [MappedFile(safe_join(folder, shard.file.path)) for shard in tokens.shards]
        for shard, values in zip(tokens.shards, self._shards, strict=True):
            if len(values) != shard.tokens:
                raise ShardError(
                    f"{folder / shard.file.path}: holds {len(values)} tokens, not {shard.tokens}; make the "
                    "shards again"
                )

    def chunks(self, rows: Rows, length: int) -> NDArray[np.uint32]:
        """uint32 [len(rows), length]: chunk i is tokens ``i * length .. (i + 1) * length - 1`` of the stream,
        across shards if need be."""
        positions = rows[:, None] * length + np.arange(length)
        shards, offsets = np.divmod(positions, self._shard_tokens)
        chunks = np.empty(positions.shape, dtype=np.uint32)
        for shard in np.unique(shards[:, [0, -1]] if length <= self._shard_tokens else shards):
            here = shards == shard
            self._files[shard].check()
            chunks[here] = self._shards[shard][offsets[here]]
        return chunks


class PairTable:
    """The shards of a pair set as one sequence of (prompt, target) pairs.

    Raises:
        ShardError: a shard is missing, or the number of pairs is another.
    """

    def __init__(self, folder: Path, tokens: TokenSet) -> None:
        self._prompts = [_list_column(_column(folder, shard, "prompt")) for shard in tokens.shards]
        self._targets = [_list_column(_column(folder, shard, "target")) for shard in tokens.shards]
        self._files = [MappedFile(safe_join(folder, shard.file.path)) for shard in tokens.shards]
        self._starts = np.cumsum([0] + [len(offsets) - 1 for _, offsets in self._prompts])
        if self._starts[-1] != tokens.rows:
            raise ShardError(
                f"{folder}: set {tokens.name} holds {self._starts[-1]} pairs, not {tokens.rows}; make the "
                "shards again"
            )

    def pairs(self, rows: Rows) -> tuple[list[NDArray[np.uint32]], list[NDArray[np.uint32]]]:
        """Prompts and targets of the pairs ``rows``: uint32 [tokens] each, views of the shards."""
        places = list(zip(*(part.tolist() for part in self._places(rows)), strict=True))
        return [_row(self._prompts[shard], row) for shard, row in places], [
            _row(self._targets[shard], row) for shard, row in places
        ]

    def lengths(self, rows: Rows) -> tuple[Rows, Rows]:
        """Lengths of the prompts and of the targets of the pairs ``rows``: int64[n] each."""
        shards, offsets = self._places(rows)
        lengths = np.empty((2, len(rows)), dtype=np.int64)
        for shard in np.unique(shards):
            here = shards == shard
            for side, columns in enumerate((self._prompts, self._targets)):
                lengths[side, here] = np.diff(columns[shard][1])[offsets[here]]
        return lengths[0], lengths[1]

    def _places(self, rows: Rows) -> tuple[Rows, Rows]:
        """The shard of each pair, and its row there."""
        shards = np.searchsorted(self._starts, rows, side="right") - 1
        for shard in np.unique(shards):
            self._files[shard].check()
        return shards, rows - self._starts[shards]


def open_sets(folder: Path, sets: dict[str, TokenSet]) -> dict[str, TokenStream | PairTable]:
    """Opens token sets whose shards' paths are relative to ``folder``.

    Raises:
        ShardError: a shard is missing or is not what the manifest says.
    """
    return {
        name: (TokenStream if tokens.kind == "stream" else PairTable)(folder, tokens)
        for name, tokens in sets.items()
    }


def shard_batch(folder: Path, shard: Shard, wanted: pa.Schema) -> pa.RecordBatch:
    """Columns of a shard's rows, mapped into memory.

    Raises:
        ShardError: it is missing or no whole shard.
    """
    path = safe_join(folder, shard.file.path)
    if not path.exists():
        raise ShardError(f"{path}: no such shard; make the shards again")
    try:
        table = open_table(path, wanted, wanted.names)
    except UnsoundFileError as error:
        raise ShardError(f"{path}: is no whole shard ({error.what}); make the shards again") from None
    chunks = table[0].num_chunks
    if chunks != 1:
        raise ShardError(f"{path}: has {chunks} record batches, not 1; make the shards again")
    return table.to_batches()[0]


def _column(folder: Path, shard: Shard, name: str) -> pa.ListArray:
    wanted = pa.schema([pa.field(name, pa.list_(pa.uint32()), nullable=False)])
    return shard_batch(folder, shard, wanted).column(name)


def _list_column(column: pa.ListArray) -> tuple[NDArray[np.uint32], Rows]:
    """A list column's flat values and its rows' offsets, without a copy."""
    return column.values.to_numpy(), column.offsets.to_numpy()


def _row(column: tuple[NDArray[np.uint32], Rows], row: int) -> NDArray[np.uint32]:
    values, offsets = column
    return values[offsets[row] : offsets[row + 1]]
