"""KenLM's own estimator, where it is installed: the same model as ours, in bounded memory."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.models.perplexity import arpa
from pipeline.models.tokenizer import join_ids

PROGRAM = "lmplz"
MEMORY = "2G"
"""Its own default is four fifths of the machine, all of it touched at once; beyond this it sorts on disk."""
SENTENCES = 10_000


def find(estimator: Literal["auto", "builtin"]) -> Path | None:
    """lmplz for ``auto`` where it is on the PATH; None for the built-in estimator."""
    program = shutil.which(PROGRAM) if estimator == "auto" else None
    return None if program is None else Path(program)


def estimate(
    program: Path, ids: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64], order: int, out: Path
) -> None:
    """As ``pipeline.models.perplexity.kneser_ney.estimate``, by lmplz.

    Memory: lmplz takes ``MEMORY``; afterwards the model is held once more than its file is large.

    Raises:
        RuntimeError: lmplz failed; the message ends with what it said.
    """
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch, tempfile.TemporaryFile() as errors:
        text = Path(scratch) / "model.arpa"
        command = [
            str(program),
            "--order",
            str(order),
            "--discount_fallback",
            "--arpa",
            str(text),
            "-T",
            scratch,
            "-S",
            MEMORY,
        ]
        # A program that ends early does not read on; its own message says why.
        with (
            suppress(BrokenPipeError),
            subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as process,
        ):
            assert process.stdin is not None
            _feed(process.stdin, ids, offsets)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(
                f"{PROGRAM} failed with {process.returncode}: {errors.read().decode(errors='replace')[-500:]}"
            )
        arpa.read(text).save(out)


def _feed(file: IO[bytes], ids: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64]) -> None:
    """One line of decimal ids a sentence."""
    for start in range(0, len(offsets) - 1, SENTENCES):
        ends = offsets[start : start + SENTENCES + 1]
        rows = pa.ListArray.from_arrays(
            pa.array(ends - ends[0], pa.int32()), pa.array(ids[ends[0] : ends[-1]])
        )
        file.write("\n".join([*join_ids(rows).to_pylist(), ""]).encode())
