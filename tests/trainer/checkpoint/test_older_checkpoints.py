"""Checkpoints that earlier versions have written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from manifests.files import digest, sha256
from tests.trainer.disturbed import KillAt, Killed, copy, outcome
from tests.trainer.whole_state import whole_state
from trainer.checkpoint.checkpoint import newest
from trainer.model.transformer import EncoderDecoder
from trainer.train import train


def test_a_checkpoint_of_whole_tensors_is_gone_on_from(prepared: Path, tmp_path: Path) -> None:
    """As all were once: a file of weights and one of moments, in their shapes, and no sizes beside the hashes."""
    undisturbed, run = copy(prepared, tmp_path / "undisturbed"), copy(prepared, tmp_path / "run")
    assert train(undisturbed, quiet=True)
    with pytest.raises(Killed):
        train(run, [KillAt(7)], quiet=True)
    folder = run.checkpoints / "step-000000006"
    with torch.device("meta"):
        model = EncoderDecoder(run.manifest.model, run.shards.vocabulary.padded)
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    state = whole_state(folder)
    for path in folder.glob("*.safetensors"):
        path.unlink()
    for name, prefixes in (("weights", ("",)), ("optimizer", ("exp_avg.", "exp_avg_sq."))):
        tensors = {
            prefix + key: state[prefix + key].view(shape)
            for key, shape in shapes.items()
            for prefix in prefixes
        }
        save_file(tensors, folder / f"{name}.safetensors")
    content = json.loads((folder / "checkpoint.json").read_text())
    files = {
        f"{name}.safetensors": sha256(folder / f"{name}.safetensors") for name in ("weights", "optimizer")
    }
    old = {"progress": content["progress"], "files": files}
    (folder / "checkpoint.json").write_text(json.dumps(old | {"sha256": digest(old)}))
    found = newest(run.checkpoints)
    assert found is not None
    assert found.folder == folder
    assert train(run, quiet=True)
    assert outcome(run) == outcome(undisturbed)
