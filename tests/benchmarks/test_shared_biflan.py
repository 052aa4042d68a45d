"""Bilingual instructions out of 57,282 real pairs, by ``benchmarks/shared_biflan.yaml``; skipped where the
shared corpus is not beside the checkout."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.instructions import InstructionSettings
from pipeline.models.tokenizer import train
from pipeline.steps.decontaminate.decontaminate_step import COMMON_SHARE
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_budget import HELD, REJECTED, TASK_HELD, TRAIN, PairPlan, plan_pairs
from pipeline.steps.shards.instruction_pairs import ENCODED, EncodePairs
from pipeline.steps.shards.pair_counts import pair_counts
from pipeline.steps.shards.token_gather import Columns
from pipeline.text.contamination.ngram_index import build_index

MANIFEST = Path(__file__).parents[2] / "benchmarks" / "shared_biflan.yaml"
CORPUS = MANIFEST.parents[2] / "shared" / "corpus"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the development corpus is not there: {CORPUS}"),
]


class Made(NamedTuple):
    """The pairs of the two files, and what was chosen."""

    settings: InstructionSettings
    encoded: Columns
    plan: PairPlan
    counts: dict[str, int]


def lines(name: str) -> list[dict[str, str]]:
    with gzip.open(CORPUS / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("biflan")
    corpus = load(MANIFEST, CorpusManifest)
    settings = corpus.shards.instructions
    assert settings is not None
    sample = [row["output"] for name in ("instruct_en", "instruct_zh") for row in lines(name)[::20]]
    train(sample, 4000, folder / "tokenizer.model", seed=1)
    evals, ngrams = lines("evals"), corpus.decontaminate
    texts = pa.array([row["text"] for row in evals])
    groups = np.unique([row["benchmark"] for row in evals], return_inverse=True)[1]
    index = build_index(texts, groups, ngrams.ngram, ngrams.ngram_cjk, ngrams.max_items, COMMON_SHARE)
    index.save(folder / "benchmarks.npy")
    work = EncodePairs(
        settings.sources,
        tuple((MANIFEST.parent / source.path).resolve() for source in settings.sources),
        folder / "tokenizer.model",
        settings,
        folder / "benchmarks.npy",
        Scrubber(corpus.privacy),
        corpus.shards.heldout,
        corpus.seed,
        corpus.dedup,
    )
    paths = [folder / f"{number}.arrow" for number in range(len(settings.sources))]
    for number, path in enumerate(paths):
        work(number, path)
    encoded = Columns(tuple(paths), ENCODED)
    plan = plan_pairs(encoded, settings, corpus.shards.heldout, corpus.seed)
    return Made(settings, encoded, plan, dict(pair_counts(plan, encoded, settings)))


def test_thirty_tasks_and_more_are_trained_on_by_four_templates_each_in_both_languages(made: Made) -> None:
    found = {
        name.split("/", 2)[2]: count
        for name, count in made.counts.items()
        if name.startswith("tasks/templates/")
    }
    assert sum(count >= 4 for count in found.values()) >= 50
    assert min(found.values()) >= 4
    assert {name.split("/")[0] for name in found} == {"en", "zh"}
    assert sum(name.startswith("zh/") for name in found) >= 15
    kinds = {name.split("/")[1] for name in made.counts if name.startswith("kinds/")}
    assert kinds >= {
        "zero_shot", "few_shot", "inversion", "chain_of_thought", "zero_shot_crossed", "chain_of_thought_crossed",
    }  # fmt: skip


def test_two_thirds_of_the_trained_tokens_are_english_within_a_thousandth(made: Made) -> None:
    trained = [
        int(made.plan.tokens[(made.plan.use == TRAIN) & (made.plan.language == index)].sum())
        for index in (0, 1)
    ]
    assert trained[0] / sum(trained) == pytest.approx(0.667, rel=0.001)
    assert trained[1] / sum(trained) == pytest.approx(0.333, rel=0.001)
    assert sum(trained) == pytest.approx(made.settings.tokens, rel=0.0005)


def test_caps_hold_and_what_is_held_out_is_in_no_training_set(made: Made) -> None:
    plan, mixing = made.plan, made.settings.mixing
    assert mixing is not None
    assert mixing.cap is not None
    trained = plan.use == TRAIN
    of_each = Counter(zip(plan.task[trained].tolist(), plan.language[trained].tolist(), strict=True))
    assert max(of_each.values()) <= mixing.cap
    names = np.array(plan.tasks)
    held = {"glue_mrpc", "glue_qqp", "paws", "cot_strategyqa", "zh_extraction"}
    assert set(names[plan.task[plan.use == TASK_HELD]]) == held
    assert not held & set(names[plan.task[trained | (plan.use == HELD)]])
    unit = made.encoded.column("unit").to_numpy()
    assert not set(unit[trained].tolist()) & set(unit[plan.use >= HELD].tolist())


def test_every_pair_is_trained_on_held_out_or_has_a_reason(made: Made) -> None:
    counts, plan = made.counts, made.plan
    for source in made.settings.sources:
        rejected = sum(
            count
            for name, count in counts.items()
            if name.startswith("pairs/rejected/") and name.endswith(source.name)
        )
        kept = counts[f"pairs/train/{source.name}"] + counts[f"pairs/heldout/{source.name}"]
        assert counts[f"pairs/read/{source.name}"] == kept + rejected
    reasons = set(plan.reason[plan.use == REJECTED].tolist())
    assert reasons >= {"near_duplicate", "duplicate", "benchmark_overlap", "task_cap", "target_too_long"}
    assert len(plan.tokens) > 57_282 - counts["pairs/rejected/no_task/instruct_zh"]


def test_no_prompt_or_answer_is_longer_than_the_model_reads(made: Made) -> None:
    kept = made.plan.use > REJECTED
    for name, most in (("prompt", made.settings.max_prompt), ("target", made.settings.max_target)):
        lengths = pc.list_value_length(made.encoded.column(name)).to_numpy()[kept]
        assert lengths.max() <= most
        assert lengths.min() > 0
