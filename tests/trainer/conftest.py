from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trainer.tiny import write_curriculum, write_shards


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with shards, not to be trained in."""
    folder = tmp_path_factory.mktemp("prepared")
    write_shards(folder)
    write_curriculum(folder / "curriculum.yaml")
    return folder


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    """However a training ends (whole, killed, stopped, rolled back, in an error), nothing goes on making its
    next steps."""
    yield
    for thread in threading.enumerate():
        if thread.name == "data":
            thread.join(60)  # after a second signal it is not waited for, and ends by itself
            assert not thread.is_alive()
