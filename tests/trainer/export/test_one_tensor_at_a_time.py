"""What is exported and imported passes through memory tensor by tensor."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from manifests.schema.shards import ShardManifest
from tests.trainer.export.test_hf_folder import open_run, shards, write  # noqa: F401 - a fixture
from trainer.checkpoint.slice_files import SliceReader
from trainer.export.hf_weights import HFWeights
from trainer.inference import export_model, import_model


class Alive:
    """Counts the tensors that a method has returned and that are still in memory when it is called."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        self._method: Callable[..., Tensor] = getattr(owner, name)
        self._given: list[weakref.ref[Any]] = []
        self.counts: list[int] = []
        patch.setattr(owner, name, lambda *arguments: self._called(*arguments))

    def _called(self, *arguments: Any) -> Tensor:
        self.counts.append(sum(given() is not None for given in self._given))
        found = self._method(*arguments)
        self._given.append(weakref.ref(found.untyped_storage()))
        return found


def test_no_tensor_is_held_when_the_next_is_read(
    shards: tuple[Path, ShardManifest],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = open_run(shards, tmp_path / "run", "pre")
    model = write(run, tmp_path / "out", 70_000)
    imported = Alive(monkeypatch, HFWeights, "read")
    import_model(run, tmp_path / "out")
    exported = Alive(monkeypatch, SliceReader, "read")
    export_model(run, tmp_path / "again", dtype="bfloat16")
    count = len(list(model.parameters()))
    assert imported.counts == [0] * count
    assert exported.counts == [0] * (count + 1), "the embedding is the output layer, too"


def test_an_import_has_fresh_moments(shards: tuple[Path, ShardManifest], tmp_path: Path) -> None:
    run = open_run(shards, tmp_path / "run", "sandwich")
    model = write(run, tmp_path / "out")
    state = import_model(run, tmp_path / "out").checkpoint.open()
    for name, weight in model.named_parameters():
        assert torch.equal(state.read(name, 0, weight.numel()), weight.flatten())
        for moment in ("exp_avg", "exp_avg_sq"):
            assert not state.read(f"{moment}.{name}", 0, weight.numel()).any()
