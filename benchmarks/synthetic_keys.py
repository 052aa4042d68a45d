"""Deduplication's global work on made-up keys: what it reads and writes, and its memory, at several sizes.

python -m benchmarks.synthetic_keys 100000 300000 1000000

There is no text: key files are written as the step writes them, with a fifth of the documents copies, near copies or
under a shared paragraph, and every phase from ranks to decisions runs, in a process of its own for each size.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa

from manifests.border import arrow_files
from pipeline.runtime.context import StepContext
from pipeline.steps.dedup import document_ids, priority, shuffle, told
from pipeline.steps.dedup.clustering import cluster
from pipeline.steps.dedup.clusters import WriteSizes
from pipeline.steps.dedup.decisions import WriteDecisions
from pipeline.steps.dedup.dedup_step import paragraph_cuts, told_files
from pipeline.steps.dedup.document_ids import DocumentIds
from pipeline.steps.dedup.key_phases import KeyPhases
from pipeline.steps.dedup.signatures import schema
from pipeline.text.similarity.one_permutation import BINS
from tests.pipeline.steps.measured import context, corpus

PART = 10_000
PARAGRAPHS = 4
READERS = (document_ids, priority, shuffle, told)


def write_key_files(folder: Path, documents: int, part: int, bands: int) -> list[Path]:
    """Key files of so many documents, ``part`` in each."""
    paths = [folder / f"part-{number:05d}.arrow" for number in range(-(-documents // part))]
    for number, path in enumerate(paths):
        first = number * part
        batch = _keys(np.arange(first, min(first + part, documents)), bands)
        with pa.ipc.new_file(path, batch.schema) as writer:
            writer.write_table(pa.Table.from_batches([batch]), max_chunksize=2000)
    return paths


def _keys(numbers: np.ndarray, bands: int) -> pa.RecordBatch:
    """Of ten documents, one equals another, and one is nearly another and has a paragraph of it."""
    like = np.where(numbers % 10 >= 8, numbers // 20, numbers)
    exact = numbers % 10 == 9
    own = np.random.default_rng([7, int(numbers[0])])
    hashes = np.stack([_mixed(np.where(exact, like, numbers) * 2 + half) for half in (0, 1)], axis=1)
    words = [_mixed(like * bands + band) for band in range(bands)]
    sketches = (_mixed(like[:, None] * BINS + np.arange(BINS)) % np.uint64(255) + np.uint64(1)).astype(
        np.uint8
    )
    sketches[(numbers % 10 == 8)[:, None] & (own.random(sketches.shape) < 0.05)] = 0
    paragraphs = np.stack(
        [_mixed(np.where(place == 0, like, numbers) * 9 + place) for place in range(PARAGRAPHS)]
    )
    columns = {
        "id": pa.array([f"synthetic:{number:012d}" for number in numbers.tolist()]),
        "hash": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(16), len(numbers), [None, pa.py_buffer(hashes)]
        ),
        "source": pa.array(np.zeros(len(numbers), np.uint16)),
        "perplexity": pa.array(own.gamma(9, 50, len(numbers)).astype(np.float32)),
        "bytes": pa.array(own.integers(200, 20_000, len(numbers), dtype=np.int32)),
        "bands": pa.FixedSizeListArray.from_arrays(
            pa.array(np.column_stack([*words, np.zeros(len(numbers), np.uint64)]).reshape(-1)),
            type=schema(bands).field("bands").type,
        ),
        "sketch": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(BINS), len(numbers), [None, pa.py_buffer(sketches)]
        ),
        "paragraphs": pa.ListArray.from_arrays(
            pa.array(np.arange(len(numbers) + 1, dtype=np.int32) * PARAGRAPHS),
            pa.array(paragraphs.T.reshape(-1)),
        ),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in schema(bands).names], schema=schema(bands))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """uint64: SplitMix64 of numbers."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def deduplicate(run: StepContext, known: DocumentIds) -> dict[str, int]:
    """All global phases of the step; what they found."""
    settings, phases = run.corpus.dedup, KeyPhases(run)
    found = cluster(phases, known, (), settings)
    sizes = phases.one("sizes", WriteSizes(found.survivors, 0))
    cuts, numbers = paragraph_cuts(phases, known, found)
    files = told_files(phases, known, found, cuts)
    write = WriteDecisions(
        known, (), found.ranks, found.exact, found.survivors, sizes, files, tuple(cuts), numbers
    )
    for index in range(len(known.own)):
        write(index, run.folder / f"decisions-{index}.arrow")
    return found.metrics


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """What the block reads and writes, in bytes by system calls (``read``, ``written``) and of columns of key
    files, which are mapped (``mapped``), and how often it opens one of these (``opened``)."""
    found = {"mapped": 0, "opened": 0}
    whole = arrow_files.open_table

    def open_table(*arguments: Any, **others: Any) -> pa.Table:
        table = whole(*arguments, **others)
        found["opened"] += 1
        found["mapped"] += table.nbytes
        return table

    before = _system_calls()
    with ExitStack() as stack:
        for module in READERS:
            stack.enter_context(patch.object(module, "open_table", open_table))
        yield found
    after = _system_calls()
    found |= {name: after[name] - before[name] for name in after}


def _system_calls() -> dict[str, int]:
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="utf-8").splitlines())
    return {"read": int(told["rchar"]), "written": int(told["wchar"])}


def peak_memory() -> int:
    """The largest resident set of this process so far, in bytes (VmHWM)."""
    (found,) = re.findall(
        r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="utf-8"), re.MULTILINE
    )
    return 1024 * int(found)


def measure(documents: int) -> dict[str, int]:
    """One size, in this process."""
    with TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        run = context("dedup", folder / "run", corpus(), [[]])
        keys = folder / "keys"
        keys.mkdir()
        paths = write_key_files(keys, documents, PART, run.corpus.dedup.bands)
        begun = peak_memory()
        with counted() as found:
            metrics = deduplicate(run, document_ids.document_ids([], paths))
    key_bytes = {"documents": documents, "before_mb": begun >> 20, "peak_mb": peak_memory() >> 20}
    return key_bytes | found | metrics


def main(sizes: list[str]) -> None:
    """Prints a line of JSON for each size."""
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.synthetic_keys", "--one", size]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main(sys.argv[1:])
