from __future__ import annotations

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
