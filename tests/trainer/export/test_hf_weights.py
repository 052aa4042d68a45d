"""An exported folder's weights, read in parts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from manifests.schema.shards import ShardManifest
from tests.trainer.export.test_hf_folder import open_run, shards, write  # noqa: F401 - a fixture
from trainer.export.hf_weights import HFWeights
from trainer.export.parameter_layout import Entry
from trainer.export.safetensors_files import Tensors


@given(st.data())
def test_rows_of_ours_are_found_among_the_released_ones(data: st.DataObject) -> None:
    """Any part, of any number of heads: what ``to_released`` has moved is found again, in our order."""
    interleaved, heads, size = (
        data.draw(st.integers(low, high), label)
        for low, high, label in ((1, 3, "q, k, v"), (1, 5, "heads"), (1, 4, "size"))
    )
    rows = interleaved * heads * size
    first = data.draw(st.integers(0, rows - 1))
    last = data.draw(st.integers(first + 1, rows))
    entry = Entry("ours", "released", interleaved)
    released = entry.to_released(torch.arange(rows), heads)
    found = [released[start:end] for start, end in entry.released_rows(first, last, rows, heads)]
    assert torch.cat(found).tolist() == list(range(first, last))


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
def test_any_part_of_any_weight_is_that_of_the_whole(
    shards: tuple[Path, ShardManifest], tmp_path: Path, norm: str
) -> None:
    run = open_run(shards, tmp_path / "run", norm)
    whole = dict(write(run, tmp_path / "out").named_parameters())
    weights = HFWeights(tmp_path / "out", run.manifest.model, run.shards.vocabulary)
    for name, weight in whole.items():
        flat = weight.detach().flatten()
        for start, end in ((0, 1), (len(flat) - 1, len(flat)), (len(flat) // 3, 2 * len(flat) // 3 + 1)):
            assert torch.equal(weights.read(name, start, end - start), flat[start:end]), name


def test_only_the_rows_that_are_wanted_are_read(
    shards: tuple[Path, ShardManifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_run(shards, tmp_path / "run", "pre")
    write(run, tmp_path / "out")
    elements: list[int] = []
    rows = Tensors.rows

    def counted(self: Tensors, name: str, start: int, end: int) -> Tensor:
        found = rows(self, name, start, end)
        elements.append(found.numel())
        return found

    weights = HFWeights(tmp_path / "out", run.manifest.model, run.shards.vocabulary)
    monkeypatch.setattr(Tensors, "rows", counted)
    weights.read("decoder.blocks.0.attention.sublayer.qkv.weight", 16 * 10 + 3, 40)
    assert sum(elements) == 3 * 16, "elements 163 to 202 are in rows 10 to 12"
