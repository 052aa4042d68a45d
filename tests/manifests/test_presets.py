"""The presets' paths lead to where set-up puts files, or to the checkout's data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PRESETS = sorted((ROOT / "manifests" / "presets").glob("*/corpus.yaml"))


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item)
    elif isinstance(value, str) and value.startswith("../"):
        yield value


@pytest.mark.parametrize("file", PRESETS, ids=lambda file: file.parent.name)
def test_paths_of_a_preset_lead_to_assets_or_data(file: Path) -> None:
    found = [(file.parent / path).resolve() for path in _paths(yaml.safe_load(file.read_text("utf-8")))]
    assert found
    outside = [path for path in found if not path.is_relative_to(ROOT.resolve() / "data")]
    assets = {ROOT.resolve() / "assets", (ROOT / "assets").resolve()}
    assert [path for path in outside if not any(path.is_relative_to(folder) for folder in assets)] == []
