"""What a worker loads before its first document."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import pytest

from pipeline.runtime.dofns import ApplyFunction
from pipeline.runtime.import_guard import hide_modules
from pipeline.runtime.worker_start import Packed, StartsWorker, start_worker

ROOT = Path(__file__).parents[3]
HEAVY = ("pandas", "pymongo", "scipy", "ray", "torch")
WORK = """
import sys
import numpy as np
import pyarrow as pa
from pipeline.__main__ import main
try:
    main(["corpus", "--corpus", "missing.yaml", "--run", "missing"])
finally:
    from pipeline.text.similarity.minhash import permutations, signatures
    signatures(pa.array(["Errors should never pass silently."]), permutations(4, 1))
    print(*sys.modules)
    import pandas, pymongo, scipy.linalg
"""


def test_a_local_run_loads_nothing_that_it_does_not_use() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert "missing.yaml" in done.stderr
    assert "bson" not in done.stderr, "no warnings of what was left out"
    loaded = set(done.stdout.split())
    assert {"apache_beam", "numba", "pyarrow"} <= loaded
    assert not loaded & set(HEAVY)


def test_a_package_is_hidden_for_as_long_as_the_block_lasts() -> None:
    sys.modules.pop("this", None)
    with hide_modules("this"):
        import json  # noqa: F401 - loaded already, or not named

        with pytest.raises(ModuleNotFoundError, match="this is hidden"):
            import this
    import this  # noqa: F401


def test_kernels_are_kept_in_the_folder_of_all_processes() -> None:
    start_worker()
    folder = Path(numba.config.CACHE_DIR)
    assert folder.parent == Path.home() / ".cache" / "openba-pipeline" / "kernels"
    assert str(folder) in signatures_kernel()._cache.cache_path


def test_a_copy_of_the_package_finds_the_kernels_that_are_compiled(tmp_path: Path) -> None:
    """As a job finds them, whose code comes with it."""
    for name in ("pipeline", "manifests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    text = (
        "from pipeline.runtime.worker_start import start_worker\nstart_worker()\nimport pyarrow as pa\n"
        "from pipeline.text.similarity import minhash\nprint(minhash.__file__)\n"
        "minhash.signatures(pa.array(['Errors should never pass silently.']), minhash.permutations(4, 1))\n"
        "print(sum(minhash._lower.stats.cache_misses.values()))"
    )
    for folder in (ROOT, tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=True
        )
    assert done.stdout.splitlines() == [str(tmp_path / "pipeline/text/similarity/minhash.py"), "0"]


def signatures_kernel() -> Any:
    """A kernel, defined as those of the pipeline are."""
    return numba.njit(cache=True)(sum_of_squares)


def sum_of_squares(number: int) -> int:
    return sum([index * index for index in range(number)])


ARRIVAL = """
import pickle, sys
sent = pickle.load(sys.stdin.buffer)
import numba
print(numba.config.CACHE_DIR, "pandas" in sys.modules, sent.value.__name__, sep="\\n")
"""


def test_a_worker_is_started_before_what_it_gets_is_loaded() -> None:
    from pipeline.text.similarity.minhash import signatures

    done = subprocess.run(
        [sys.executable, "-c", ARRIVAL],
        input=pickle.dumps(Packed(signatures)),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split("\n")[:3] == [numba.config.CACHE_DIR, "False", "signatures"]


def test_a_start_says_nothing_and_leaves_the_log_as_it_was() -> None:
    work = (
        "import logging\nfrom pipeline.runtime.worker_start import start_worker\nstart_worker()\n"
        "logging.warning('still heard')\nlogging.getLogger('apache_beam.io').warning('this too')"
    )
    done = subprocess.run([sys.executable, "-c", work], capture_output=True, text=True, check=True)
    assert done.stderr == "WARNING:root:still heard\nWARNING:apache_beam.io:this too\n"


@dataclass(frozen=True)
class Numbers(StartsWorker):
    values: tuple[int, ...]


def test_what_arrives_is_what_was_sent() -> None:
    assert pickle.loads(pickle.dumps(Numbers((1, 2)))) == Numbers((1, 2))
    assert pickle.loads(pickle.dumps(ApplyFunction(abs)))._function is abs
