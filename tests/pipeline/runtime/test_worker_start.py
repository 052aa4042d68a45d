"""What a worker loads before its first document."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipeline.runtime.import_guard import hide_modules

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
