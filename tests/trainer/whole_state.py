"""A checkpoint's state put together by the library of safetensors alone."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor


def whole_state(folder: Path) -> dict[str, Tensor]:
    """Flattened weights and moments by name; every element must be there once."""
    parts: dict[str, list[tuple[int, Tensor]]] = {}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            for name, (start, length) in json.loads(file.metadata()["slices"]).items():
                values = file.get_tensor(name)
                assert values.shape == (length,)
                parts.setdefault(name, []).append((start, values))
    for name, found in parts.items():
        found.sort(key=lambda part: part[0])
        ends = [start + len(values) for start, values in found]
        assert [start for start, _ in found] == [0, *ends[:-1]], name
    return {name: torch.cat([values for _, values in found]) for name, found in parts.items()}
