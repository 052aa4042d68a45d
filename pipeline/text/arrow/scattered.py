"""Lengths of lists, and values that come to given rows of a column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def list_lengths(lists: pa.ListArray) -> npt.NDArray[np.int64]:
    """The length of each list, 0 for a null: int64 [lists]."""
    return np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(), np.int64)


def merged(values: pa.Array, rows: npt.NDArray[np.intp], others: pa.Array) -> pa.Array:
    """The values with others in some places."""
    index = np.arange(len(values))
    index[rows] = len(values) + np.arange(len(rows))
    return pa.concat_arrays([values, others]).take(pa.array(index))


def scattered(
    parts: Sequence[pa.Array], places: Sequence[npt.NDArray[np.intp]], size: int, kind: pa.DataType
) -> pa.Array:
    """Arrays whose values come to given places of one of ``size``; null elsewhere."""
    order = np.concatenate([np.empty(0, np.intp), *places])
    index = np.full(size, -1)
    index[order] = np.arange(len(order))
    return pa.concat_arrays([pa.array([], kind), *parts]).take(pa.array(index, mask=index < 0))
