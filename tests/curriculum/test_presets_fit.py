"""A preset's corpus and its curriculum fit each other: the smallest corpus that its tolerance allows feeds every
stage, with as many rollbacks as the guard makes, each of a whole checkpoint's steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from curriculum.curriculum import Curriculum
from curriculum.journal_events import Rollback
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import ShardManifest
from pipeline.steps.shards.instruction_budget import TOLERANCE
from tests.curriculum.toy import shard_manifest

PRESETS = Path(__file__).parents[2] / "manifests" / "presets"


def smallest(corpus: CorpusManifest, pair_tokens: int) -> ShardManifest:
    """Shards of the least tokens that the pipeline writes without an error; pairs of a mean length."""
    shards = corpus.shards
    least = 1 - float(shards.tolerance)
    streams = {str(name): int(budget * least) for name, budget in shards.budget.items()}
    assert shards.instructions is not None
    pairs = {
        f"biflan_{name}": int(shards.instructions.tokens * float(ratio) * (1 - float(TOLERANCE)))
        for name, ratio in shards.instructions.ratio.items()
    }
    return shard_manifest(streams, {name: (tokens, tokens // pair_tokens) for name, tokens in pairs.items()})


@pytest.mark.parametrize("pair_tokens", [60, 200, 1000])
def test_the_smallest_corpus_of_the_15_b_preset_feeds_every_stage(pair_tokens: int) -> None:
    folder = PRESETS / "openba-15b"
    manifest = load(folder / "curriculum.yaml", CurriculumManifest)
    shards = smallest(load(folder / "corpus.yaml", CorpusManifest), pair_tokens)
    train = manifest.train
    for index, span in enumerate(Curriculum(manifest, shards).spans):
        curriculum = Curriculum(manifest, shards)
        for _ in range(train.guard.rollbacks):
            curriculum.apply(Rollback(step=span.end, to=span.end - train.checkpoint_every, reason="spike"))
        last = curriculum.spans[index]
        lost = last.read(last.steps)[index] - last.quotas.counts(last.steps)[index]
        assert lost > 3 * (train.checkpoint_every - 1) * last.stream.stage.global_batch
        assert len(curriculum.step(last.end - 1).parts[0].samples) > 0
