"""How tensors are dealt out to safetensors files: full to the byte, and not a byte over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from trainer.export.safetensors_files import INDEX, WHOLE, Tensors, write

SIZES = {"embedding": 600, "encoder.norm": 40, "encoder.qkv": 360, "decoder.norm": 40, "decoder.out": 200}


def tensor(name: str) -> Tensor:
    return torch.full((SIZES[name] // 4,), float(len(name)))


def dealt(folder: Path, largest: int, sizes: dict[str, int] = SIZES) -> list[list[str]]:
    """The names in each file, in the order of the files."""
    write(folder, {name: [size // 4] for name, size in sizes.items()}, tensor, largest)
    files = sorted(folder.glob("*.safetensors"))
    tensors = Tensors(folder)
    assert set(tensors) == set(sizes)
    assert all(torch.equal(tensors.rows(name, 0, sizes[name] // 4), tensor(name)) for name in sizes)
    return [sorted(load_file(file), key=list(sizes).index) for file in files]


@pytest.mark.parametrize(("largest", "files"), [(1241, 1), (1240, 1), (1239, 2)])
def test_weights_of_exactly_the_largest_size_are_one_file(tmp_path: Path, largest: int, files: int) -> None:
    assert len(dealt(tmp_path, largest)) == files
    assert (tmp_path / WHOLE).exists() == (files == 1)
    assert (tmp_path / INDEX).exists() == (files > 1)


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (1000, [["embedding", "encoder.norm", "encoder.qkv"], ["decoder.norm", "decoder.out"]]),
        (1001, [["embedding", "encoder.norm", "encoder.qkv"], ["decoder.norm", "decoder.out"]]),
        (999, [["embedding", "encoder.norm"], ["encoder.qkv", "decoder.norm", "decoder.out"]]),
        (600, [["embedding"], ["encoder.norm", "encoder.qkv", "decoder.norm"], ["decoder.out"]]),
    ],
)
def test_a_file_is_filled_to_the_byte(tmp_path: Path, largest: int, expected: list[list[str]]) -> None:
    assert dealt(tmp_path, largest) == expected


@pytest.mark.parametrize("largest", [1, 39, 40])
def test_a_tensor_larger_than_a_file_has_one_to_itself(tmp_path: Path, largest: int) -> None:
    assert dealt(tmp_path, largest) == [[name] for name in SIZES]


def test_the_index_names_the_file_of_every_tensor_and_all_bytes(tmp_path: Path) -> None:
    dealt(tmp_path, 1000)
    index = json.loads((tmp_path / INDEX).read_text(encoding="utf-8"))
    assert index["metadata"] == {"total_size": 1240}
    assert list(index["weight_map"]) == list(SIZES)
    for name, file in index["weight_map"].items():
        assert name in load_file(tmp_path / file)
