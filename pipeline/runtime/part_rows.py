"""The rows of an earlier phase that belong to a batch of documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from pipeline.runtime.arrow_files import open_table
from pipeline.runtime.batch_result import BatchPosition


class PartRows:
    """Files with one row for each document of an input part, in its order; ``paths`` by part index. Files are
    mapped when first read."""

    def __init__(self, paths: Mapping[int, Path]) -> None:
        self._paths = dict(paths)
        self._open: tuple[int, pa.Table] | None = None

    def __getstate__(self) -> dict[str, object]:
        return {"_paths": self._paths, "_open": None}

    def rows(self, where: BatchPosition, number: int) -> dict[str, pa.Array]:
        """Columns by name, of ``number`` rows from a position on.

        Raises:
            ValueError: the file has fewer rows: it belongs to other documents.
        """
        if self._open is None or self._open[0] != where.part:
            self._open = (where.part, open_table(self._paths[where.part]))
        table = self._open[1].slice(where.row, number)
        if table.num_rows != number:
            raise ValueError(
                f"{self._paths[where.part]}: row {where.row + number} is wanted, but there are only "
                f"{self._open[1].num_rows}"
            )
        return {name: _joined(table.column(name)) for name in table.column_names}


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
