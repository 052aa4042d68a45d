"""MosaicML Streaming's side of ``bench_train``. Runs in its own environment, with the collator of Hugging
Face's users.

The chunks are a column of token arrays, as its documentation has them for language models, read in order from
the local disk.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from streaming import MDSWriter, StreamingDataset

from benchmarks.hf_collator import Collator
from benchmarks.train_text import OBJECTIVE
from manifests.schema.shards import Vocabulary


def main(chunk_file: Path, vocabulary_file: Path, batch: int, rounds: int, folder: Path, out: Path) -> None:
    chunks = np.load(chunk_file)
    vocabulary = Vocabulary.model_validate_json(vocabulary_file.read_text(encoding="utf-8"))
    shutil.rmtree(folder, ignore_errors=True)
    with MDSWriter(out=str(folder), columns={"tokens": f"ndarray:uint32:{chunks.shape[1]}"}) as writer:
        for chunk in chunks:
            writer.write({"tokens": chunk})
    dataset = StreamingDataset(local=str(folder), remote=None, batch_size=batch, shuffle=False)
    collators = [Collator(denoiser, OBJECTIVE.chunk, vocabulary) for denoiser in OBJECTIVE.mixture]

    def read() -> int:
        return sum(len(sample["tokens"]) for sample in dataset)

    def read_and_noise() -> int:
        rows, tokens, batches = [], 0, 0
        for sample in dataset:
            rows.append(sample["tokens"])
            if len(rows) == batch:
                collators[batches % len(collators)](rows)
                tokens, batches, rows = tokens + batch * OBJECTIVE.chunk, batches + 1, []
        return tokens

    def speed(work: Callable[[], int]) -> float:
        work()
        found = []
        for _ in range(rounds):
            started = time.process_time()
            tokens = work()
            found.append(tokens / (time.process_time() - started))
        return max(found)

    out.write_text(
        json.dumps({"read": speed(read), "read_and_noise": speed(read_and_noise)}), encoding="utf-8"
    )


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        int(sys.argv[3]),
        int(sys.argv[4]),
        Path(sys.argv[5]),
        Path(sys.argv[6]),
    )
