"""Writes texts anew with other bytes in the place of the findings: slices copied natively into fresh Arrow
buffers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.arrow.kernel import kernel


@kernel
def _rewrite(offsets, data, start, end, choice, fill_offsets, fill, out, ends):  # type: ignore[no-untyped-def]
    """The bytes ``start[f]:end[f]`` become ``fill[fill_offsets[choice[f]]:fill_offsets[choice[f] + 1]]``."""
    written, finding = 0, 0
    for row in range(offsets.size - 1):
        at, stop = offsets[row], offsets[row + 1]
        while finding < choice.size and start[finding] < stop:
            size = start[finding] - at
            out[written : written + size] = data[at : start[finding]]
            written += size
            first, last = fill_offsets[choice[finding]], fill_offsets[choice[finding] + 1]
            out[written : written + last - first] = fill[first:last]
            written += last - first
            at = end[finding]
            finding += 1
        out[written : written + stop - at] = data[at:stop]
        written += stop - at
        ends[row + 1] = written


def replace(texts: pa.Array, findings: np.ndarray, fillings: Sequence[bytes]) -> pa.StringArray:
    """Texts in which the bytes of each finding are replaced by its filling.

    Args:
        texts: string [texts], less than 2 GiB together when they are filled.
        findings: int64 [findings, 3]: first byte and end as ``detect`` returns them for
            ``text_buffers(texts)``, and which filling.
        fillings: UTF-8; empty to remove.
    """
    offsets, data = text_buffers(texts)
    start, end, choice = np.ascontiguousarray(findings.T)
    sizes = np.array([len(filling) for filling in fillings], np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    total = offsets[-1] - offsets[0] + sizes[choice].sum() - (end - start).sum()
    out, ends = np.empty(total, np.uint8), np.zeros(len(offsets), np.int32)
    fill = np.frombuffer(b"".join(fillings) or b"-", np.uint8)
    _rewrite(offsets, data, start, end, choice, starts, fill, out, ends)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(out))
