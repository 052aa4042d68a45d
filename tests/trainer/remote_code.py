"""The code of exports, as transformers imports it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def remote_code_in(cache: Path) -> Iterator[None]:
    """Has transformers copy and import the code of exports in a folder of its own until the block ends. Before and
    after, what was imported from another one is forgotten: the package of all has the path of one."""
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed; run `make setup`"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(cache))
        patch.syspath_prepend(str(cache))
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "transformers_modules"]:
        del sys.modules[name]
