"""Folders and weights that do not fit are refused, with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from manifests.schema.base import ManifestError
from manifests.schema.shards import ShardManifest
from tests.trainer.export.read_back import read_back
from tests.trainer.export.test_hf_folder import open_run, shards, write  # noqa: F401 - a fixture
from trainer.run import TrainingRun


@pytest.fixture
def exported(shards: tuple[Path, ShardManifest], tmp_path: Path) -> tuple[TrainingRun, Path]:
    run = open_run(shards, tmp_path / "run", "sandwich")
    write(run, tmp_path / "out")
    return run, tmp_path / "out"


def reject(run: TrainingRun, path: Path, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_back(path, run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda found: found.pop("encoder.block.1.self_attn.o.bias"),
            r"1 of the keys is missing: encoder.block.1.self_attn.o.bias",
        ),
        (
            lambda found: found.update({"decoder.block.3.mlp.fc_in.weight": torch.ones(1)}),
            r"1 of the keys is unknown: decoder.block.3.mlp",
        ),
        (
            lambda found: found.update({"lm_head.bias": torch.ones(7)}),
            r"lm_head.bias has shape \[7\], not \[512\]",
        ),
        (
            lambda found: found.update({"lm_head.bias": torch.ones(512).long()}),
            r"lm_head.bias holds I64, none of F32, BF16, F16, F64; convert it to one",
        ),
        (
            lambda found: found["lm_head.weight"].add_(1),
            r"lm_head.weight differs from shared_embedding.weight, and a model with two embeddings",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    exported: tuple[TrainingRun, Path], change: Any, message: str
) -> None:
    run, path = exported
    found = load_file(path / "model.safetensors")
    change(found)
    save_file(found, path / "model.safetensors")
    reject(run, path, message)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("num_heads", 5, r"config.json: num_heads is 5, but the curriculum's model needs 3"),
        ("norm", None, r"config.json: norm is 'pre', but the curriculum's model needs 'sandwich'"),
        ("vocab_size", 128, r"config.json: vocab_size is 128, but the curriculum's model needs 512"),
    ],
)
def test_another_model_is_refused(
    exported: tuple[TrainingRun, Path], key: str, value: object, message: str
) -> None:
    run, path = exported
    config = json.loads((path / "config.json").read_text())
    config = {name: old for name, old in config.items() if name != key} | (
        {} if value is None else {key: value}
    )
    (path / "config.json").write_text(json.dumps(config))
    reject(run, path, message)


def test_folders_that_are_not_whole_are_refused(exported: tuple[TrainingRun, Path], tmp_path: Path) -> None:
    run, path = exported
    (path / "spiece.model").write_bytes(b"another")
    reject(run, path, r"spiece.model: is not the tokenizer that made the run's shards")
    (path / "spiece.model").unlink()
    weights = path / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-5])
    reject(run, path, r"model.safetensors: not readable as safetensors")
    weights.rename(path / "pytorch_model.bin")
    reject(
        run,
        path,
        r"holds neither .*; pytorch_model.bin is a pickle, which could run code: convert it to safetensors "
        r"first",
    )
    (path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../../shards.safetensors"}}')
    reject(run, path, r"'../../shards.safetensors' leads out of")
    (path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "lost.safetensors"}}')
    reject(run, path, r"lost.safetensors: named in model.safetensors.index.json, but not there")
    (path / "model.safetensors.index.json").write_text("[]")
    reject(run, path, r"index.json: not an index of safetensors")
    (path / "config.json").unlink()
    reject(run, path, r"holds no config.json; it is no exported model, or its export was broken off")


def test_a_folder_that_holds_something_is_not_written_into(exported: tuple[TrainingRun, Path]) -> None:
    run, path = exported
    with pytest.raises(ManifestError, match=r"is not empty; name a new folder"):
        write(run, path)


def test_a_folder_without_an_output_layer_must_say_that_it_is_the_embedding(
    exported: tuple[TrainingRun, Path],
) -> None:
    run, path = exported
    found = load_file(path / "model.safetensors")
    found.pop("lm_head.weight")
    save_file(found, path / "model.safetensors", metadata={"format": "pt"})
    read_back(path, run)
    config = json.loads((path / "config.json").read_text()) | {"tie_word_embeddings": False}
    (path / "config.json").write_text(json.dumps(config))
    reject(run, path, r"1 of the keys is missing: lm_head.weight")
