"""What importing the pipeline's modules does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

WORK = """
import os, sys
before = dict(os.environ)
import pipeline
assert not {"numba", "apache_beam", "pyarrow", "numpy"} & set(sys.modules)
import pipeline.runtime.worker_start, pipeline.text.similarity.minhash, pipeline.steps.registry
import numba
assert dict(os.environ) == before
assert not [finder for finder in sys.meta_path if type(finder).__module__.startswith("pipeline")]
print(repr(numba.config.CACHE_DIR))
"""


def test_importing_sets_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert done.stdout == "''\n"
