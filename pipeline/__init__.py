"""Corpus pipeline: raw text to token-balanced Arrow shards."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pipeline.runtime.import_guard import hide_modules

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # they spin from the start, for matrix products that no step makes
with hide_modules("scipy"):
    import numba.np.arraymath  # looks for it only to know whether matrix products can be compiled


def _kernel_cache() -> Path:
    """A folder for compiled kernels that is named by their sources.

    numba looks at a kernel's own file only; one that calls a kernel of another file, or reads its constants,
    would go on with the old machine code.
    """
    folder = Path(__file__).parent
    sources = sorted(
        path
        for path in folder.rglob("*.py")
        if path.is_relative_to(folder / "text")
        or b"arrow.kernel import" in path.read_bytes()
        or b"njit" in path.read_bytes()
    )
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    return Path.home() / ".cache" / "openba-pipeline" / "kernels" / digest[:16]


numba.config.CACHE_DIR = str(_kernel_cache())
