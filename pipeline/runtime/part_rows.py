"""The rows of an earlier phase that belong to a batch of documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import UnsoundFileError
from pipeline.runtime.batch_result import BatchPosition


class PartRows:
    """Files with one row for each document of an input part, in its order; ``paths`` by part index. Files are
    mapped when first read; ``wanted``: the columns that they have."""

    def __init__(self, paths: Mapping[int, Path], wanted: pa.Schema) -> None:
        self._paths, self._wanted = dict(paths), wanted
        self._open: tuple[int, pa.Table] | None = None

    def __getstate__(self) -> dict[str, object]:
        return {"_paths": self._paths, "_wanted": self._wanted, "_open": None}

    def rows(self, where: BatchPosition, number: int) -> dict[str, pa.Array]:
        """Columns by name, of ``number`` rows from a position on.

        Raises:
            UnsoundFileError: the file has fewer rows: it belongs to other documents.
        """
        if self._open is None or self._open[0] != where.part:
            self._open = (where.part, open_table(self._paths[where.part], self._wanted))
        table = self._open[1].slice(where.row, number)
        if table.num_rows != number:
            rows = self._open[1].num_rows
            raise UnsoundFileError(
                f"row {where.row + number} is wanted, but there are only {rows}",
                where=self._paths[where.part],
            )
        return {name: _joined(table.column(name)) for name in table.column_names}


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
