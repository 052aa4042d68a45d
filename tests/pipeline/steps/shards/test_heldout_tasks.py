"""The whole step with a task that is held out: its pairs are in a set of their own, and in no other."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc

from manifests.schema.base import load
from manifests.schema.shards import ShardManifest
from tests.pipeline.steps.shards.test_shards_step import INSTRUCTIONS, instruction_files, rows
from tests.pipeline.steps.shards.toy import documents, prepare, run_step

SHARES = {"en": 60_000, "zh": 5_000, "code": 120_000}


def test_a_task_that_is_held_out_has_a_set_of_its_own_and_the_ratio_is_that_of_the_others(
    tmp_path: Path,
) -> None:
    prepare(tmp_path / "run", documents())
    instruction_files(tmp_path)
    mixing = {"cap": 40, "tolerance": 0.02}
    wanted = INSTRUCTIONS | {"tokens": 600, "heldout_tasks": ["*/repeat"], "mixing": mixing}
    settings = {"budget": SHARES, "shard_tokens": 25_000, "heldout": 0.02, "instructions": wanted}
    metrics = run_step(tmp_path, tmp_path / "run", settings).metrics
    folder = tmp_path / "run" / "shards"
    shards = load(folder / "shards.json", ShardManifest)
    assert {name for name in shards.heldout if name.startswith("biflan")} == {
        "biflan_en", "biflan_zh", "biflan_en_tasks", "biflan_zh_tasks",
    }  # fmt: skip
    held = shards.heldout["biflan_zh_tasks"]
    assert held.budget is None
    assert pc.unique(rows(folder, held)["task"]).to_pylist() == ["verses/repeat"]
    assert shards.heldout["biflan_en_tasks"].rows == 0
    trained = {*rows(folder, shards.sets["biflan_zh"])["task"].to_pylist()}
    assert trained == {"verses/chapter"}
    assert metrics["tasks/heldout/zh/verses/repeat"] == held.rows
    assert "tasks/train/zh/verses/repeat" not in metrics
    assert metrics["tasks/train/en/docs/document"] <= 40
    english, chinese = (shards.sets[f"biflan_{language}"].tokens for language in ("en", "zh"))
    assert abs(english / (english + chinese) - 0.667) < 0.02
