"""Shards as a torch dataset: each sample once, whoever reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

import openba
from manifests.errors import UserError
from manifests.schema.base import load
from manifests.schema.shards import ShardManifest
from tests.trainer.tiny import write_curriculum, write_shards
from trainer.data.dataset import TokenStream


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with the tiny shards, and a curriculum for them."""
    folder = tmp_path_factory.mktemp("shards")
    write_shards(folder)
    write_curriculum(folder / "curriculum.yaml")
    return folder


def flat(run: Path, name: str) -> torch.Tensor:
    """All tokens of a stream set, end to end."""
    tokens = load(run / "shards" / "shards.json", ShardManifest).sets[name]
    stream = TokenStream(run / "shards", tokens)
    return torch.tensor([stream.chunks(torch.arange(tokens.tokens).numpy(), 1)[:, 0].tolist()])[0]


def stacked(dataset: openba.ShardDataset) -> torch.Tensor:
    """The chunks of a stream set, int64 [chunks, length]."""
    return torch.stack([chunk for chunk in dataset if isinstance(chunk, torch.Tensor)])


def test_chunks_follow_each_other_to_the_last_whole_one(run: Path) -> None:
    dataset = openba.ShardDataset(run, "en", 48)
    chunks = stacked(dataset)
    expected = flat(run, "en")
    assert chunks.dtype == torch.int64
    assert len(dataset) == len(chunks) == len(expected) // 48 > 256, "more than is read at once"
    assert torch.equal(chunks.flatten(), expected[: chunks.numel()])


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_workers_share_the_chunks_and_each_comes_once(run: Path, workers: int) -> None:
    alone = stacked(openba.ShardDataset(run, "zh", 16))
    batches = list(DataLoader(openba.ShardDataset(run, "zh", 16), batch_size=3, num_workers=workers))
    found = torch.cat(batches)
    assert sorted(found.tolist()) == sorted(alone.tolist())


def test_pairs_are_prompt_and_target(run: Path) -> None:
    dataset = openba.ShardDataset(run, "pairs")
    pairs = list(dataset)
    tokens = load(run / "shards" / "shards.json", ShardManifest).sets["pairs"]
    assert len(pairs) == len(dataset) == tokens.rows
    assert sum(len(prompt) + len(target) for prompt, target in pairs) == tokens.tokens
    assert all(len(prompt) == 20 for prompt, _ in pairs)


def test_what_does_not_suit_the_set_is_refused(run: Path) -> None:
    with pytest.raises(UserError, match="no set 'fr'; name one of en, zh, pairs"):
        openba.ShardDataset(run, "fr", 16)
    for name, length in (("en", None), ("en", 0), ("pairs", 16)):
        with pytest.raises(UserError, match="give length to streams only"):
            openba.ShardDataset(run, name, length)


def test_the_plan_of_a_step_is_the_trainers(run: Path) -> None:
    curriculum = openba.curriculum(run / "curriculum.yaml", run)
    assert isinstance(curriculum, openba.Curriculum)
    assert curriculum.step(0).stage == "ul2"
    assert curriculum.step(curriculum.total_steps - 1).stage == "biflan"
