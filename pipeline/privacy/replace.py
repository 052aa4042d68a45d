"""Writes texts anew with other bytes in the place of the findings: slices copied natively into fresh Arrow buffers."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import pyarrow as pa

from pipeline.privacy.findings import Finding
from pipeline.text.buffers import text_buffers


@numba.njit(cache=True, nogil=True)
def _rewrite(offsets, data, spans, choice, fill_offsets, fill, out, ends):  # type: ignore[no-untyped-def]
    """``spans`` int64 [2, findings] in order; the bytes of finding f become ``fill[fill_offsets[choice[f]]:fill_offsets[choice[f] + 1]]``."""
    written, finding = 0, 0
    for row in range(offsets.size - 1):
        at, end = offsets[row], offsets[row + 1]
        while finding < choice.size and spans[0, finding] < end:
            size = spans[0, finding] - at
            out[written : written + size] = data[at : spans[0, finding]]
            written += size
            first, last = fill_offsets[choice[finding]], fill_offsets[choice[finding] + 1]
            out[written : written + last - first] = fill[first:last]
            written += last - first
            at = spans[1, finding]
            finding += 1
        out[written : written + end - at] = data[at:end]
        written += end - at
        ends[row + 1] = written


def replace(texts: pa.Array, findings: Sequence[Finding], fillings: Sequence[bytes]) -> pa.StringArray:
    """Texts in which the bytes of each finding are replaced by the filling of its finder.

    Args:
        texts: string [texts], less than 2 GiB together when they are filled.
        findings: in order, without overlap, positions in the data buffer of ``text_buffers(texts)``.
        fillings: UTF-8 by finder; empty to remove.
    """
    offsets, data = text_buffers(texts)
    table = np.array(findings, np.int64).reshape(-1, 3).T
    sizes = np.array([len(filling) for filling in fillings], np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    total = offsets[-1] - offsets[0] + sizes[table[2]].sum() - (table[1] - table[0]).sum()
    out, ends = np.empty(total, np.uint8), np.zeros(len(offsets), np.int32)
    fill = np.frombuffer(b"".join(fillings) or b"-", np.uint8)
    _rewrite(offsets, data, np.ascontiguousarray(table[:2]), np.ascontiguousarray(table[2]), starts, fill, out, ends)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(out))
