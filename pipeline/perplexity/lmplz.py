"""KenLM's own estimator, where it is installed: the same model as ours, in less memory than the corpus takes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifests.files import atomic_write
from pipeline.perplexity import estimate as builtin
from pipeline.perplexity.scorer import join_ids

PROGRAM = "lmplz"
MEMORY = "2G"
"""Its own default is four fifths of the machine, all of it touched at once; beyond this it sorts on disk."""
SENTENCES = 10_000

Estimator = Callable[[npt.NDArray[np.uint32], npt.NDArray[np.int64], int, Path], None]


def choose(estimator: Literal["auto", "builtin"]) -> Estimator:
    """The built-in estimator; for ``auto`` lmplz where it is on the PATH."""
    return estimate if estimator == "auto" and shutil.which(PROGRAM) else builtin.estimate


def estimate(ids: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64], order: int, out: Path) -> None:
    """As ``pipeline.perplexity.estimate.estimate``, by lmplz.

    Raises:
        RuntimeError: lmplz failed; the message ends with what it said.
    """
    with atomic_write(out) as temporary, tempfile.TemporaryDirectory(dir=out.parent) as scratch, tempfile.TemporaryFile() as errors:
        command = [PROGRAM, "--order", str(order), "--discount_fallback", "--arpa", str(temporary), "-T", scratch, "-S", MEMORY]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as process:
            assert process.stdin is not None
            _feed(process.stdin, ids, offsets)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{PROGRAM} failed with {process.returncode}: {errors.read().decode(errors='replace')[-500:]}")


def _feed(file: IO[bytes], ids: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64]) -> None:
    """One line of decimal ids a sentence."""
    for start in range(0, len(offsets) - 1, SENTENCES):
        ends = offsets[start : start + SENTENCES + 1]
        rows = pa.ListArray.from_arrays(pa.array(ends - ends[0], pa.int32()), pa.array(ids[ends[0] : ends[-1]]))
        file.write("\n".join([*join_ids(rows).to_pylist(), ""]).encode())
