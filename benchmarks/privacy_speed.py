"""MB/s per core of finding, and of finding and replacing, personal data of all kinds: CPU time, the best of
five, after a warm-up.

python -m benchmarks.privacy_speed FILE.jsonl.gz ...    files with a field ``text``
"""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from manifests.schema.privacy import PrivacySettings
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.scrub import scrub
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import text_buffers
from tests.pipeline.steps.privacy.looks import KINDS

BATCH = 2_000
SETTINGS = PrivacySettings(actions=dict.fromkeys(KINDS, "placeholder"))


def _find(texts: pa.Array) -> np.ndarray:
    buffers = text_buffers(texts)
    return detect(buffers, whole_documents(buffers, np.arange(len(texts))), frozenset(KINDS))


def _speed(work: Callable[[pa.Array], Any], batches: list[pa.Array], size: int) -> float:
    best = float("inf")
    for _ in range(5):
        started = time.process_time()
        for batch in batches:
            work(batch)
        best = min(best, time.process_time() - started)
    return size / 1e6 / best


def main() -> int:
    scrub(pa.array(["zhang@163.com １３８"]), SETTINGS)
    for name in map(Path, sys.argv[1:]):
        with gzip.open(name) as lines:
            texts = pa.array([orjson.loads(line)["text"] for line in lines], pa.string())
        batches = [texts.slice(at, BATCH) for at in range(0, len(texts), BATCH)]
        size = sum(batch.nbytes for batch in batches)
        found = sum(len(_find(batch)) for batch in batches)
        find_speed, scrub_speed = (
            _speed(work, batches, size) for work in (_find, lambda batch: scrub(batch, SETTINGS))
        )
        print(f"{name.name}: {size / 1e6:.1f} MB, {found / size * 1e3:.2f} findings a kB", end=", ")
        print(f"find {find_speed:.0f}, find and replace {scrub_speed:.0f} MB/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
