"""Signals of the user's own, each measured in its own phase, so that a change of one leaves the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.plugins import Plugin
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.transform import Extractor


class UserSignal(Extractor):
    """A column ``name``, float32 [documents]: what the plug-in makes of a batch of documents (``text``,
    ``source``, ``language`` and the other columns of ``IDENTIFIED``). It returns a numpy array or an Arrow
    array of numbers, one a document; null becomes NaN, which breaks no rule.

    Raises (from ``process``):
        PluginError: the plug-in raised an error, or returned anything else.
    """

    def __init__(self, name: str, plugin: Plugin) -> None:
        self._plugin = plugin
        self.schema = pa.schema([(name, pa.float32())])

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        values = self._numbers(self._plugin.call(batch))
        if len(values) != batch.num_rows:
            raise self._plugin.error(f"returned {len(values)} values for {batch.num_rows} documents")
        return pa.RecordBatch.from_arrays([values], schema=self.schema)

    def _numbers(self, found: Any) -> pa.Array:
        if isinstance(found, pa.ChunkedArray):
            found = found.combine_chunks()
        if isinstance(found, np.ndarray) and found.ndim == 1:
            found = pa.array(found)
        kind = f"{found.type} values" if isinstance(found, pa.Array) else type(found).__name__
        if not isinstance(found, pa.Array) or not _is_number(found.type):
            raise self._plugin.error(f"returned {kind}; return an array of floats, one a document")
        return pc.fill_null(found.cast(pa.float32(), safe=False), np.float32(np.nan))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
