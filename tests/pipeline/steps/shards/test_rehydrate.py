"""Rehydration through the real steps: clusters of a known size, weights given and measured, the same bytes
whatever happens."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.kill import durable
from manifests.border.arrow_files import open_table
from manifests.schema.base import load
from manifests.schema.shard_settings import ShardSettings
from manifests.schema.shards import ShardManifest, TokenSet
from manifests.schema.steps import StepManifest
from manifests.verify import verify
from pipeline.runtime.arrow_files import write_batches
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.inventory import Inventory
from pipeline.steps.shards.rehydrate import rehydration
from pipeline.steps.shards.sampling_keys import spread
from pipeline.steps.shards.shortfall import ShardBudgetError
from pipeline.steps.shards.token_gather import Columns
from pipeline.steps.shards.token_positions import DOCUMENTS
from tests.pipeline.steps.dedup.test_resume import Dies, OnePhase
from tests.pipeline.steps.measured import context, corpus
from tests.pipeline.steps.measured import measured as quality_rows
from tests.pipeline.steps.shards.planted import STEPS, Row, copies, passages, planted, prepare, run_steps

WEIGHTS = [{"at_least": 2, "epochs": 3}, {"at_least": 5, "epochs": 6}, {"at_least": 50, "epochs": 0.5}]
GIVEN = {"budget": {"en": 32_000}, "rehydrate": {"weights": {"en": WEIGHTS}}}
MEASURED = {"budget": {"en": 60_000}, "rehydrate": {"weights": {"en": "measured"}, "most": 8}}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with weights that are given."""
    run = tmp_path_factory.mktemp("given")
    prepare(run, planted())
    run_steps(run, GIVEN)
    return run


def liked_and_disliked() -> list[Row]:
    """300 texts without a copy, of which the quality step rejects 180; 110 with one, of which it rejects ten
    copies; and one in fifty copies, of which it rejects forty."""
    texts = iter(passages(411))
    rows = [("disliked" if number < 180 else "web", "en", next(texts)) for number in range(300)]
    for number in range(110):
        one, other = copies(next(texts), 2)
        rows += [one, ("disliked" if number < 10 else "web", "en", other[2])]
    many = copies(next(texts), 50)
    return [*rows, *many[:10], *(("disliked", language, text) for _, language, text in many[10:])]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with weights that are measured."""
    run = tmp_path_factory.mktemp("measured")
    prepare(run, liked_and_disliked())
    run_steps(run, MEASURED)
    return run


def english(run: Path) -> TokenSet:
    return load(run / "shards" / "shards.json", ShardManifest).sets["en"]


def table(run: Path, step: str) -> pa.Table:
    parts = load(run / step / "manifest.json", StepManifest).parts
    return pa.concat_tables([open_table(run / step / part.kept.path) for part in parts])


def times(run: Path) -> dict[int, Counter[int]]:
    """How many English documents of each size of cluster are used how often."""
    used = dict(zip(*(table(run, "shards")[name].to_pylist() for name in ("id", "epochs")), strict=True))
    found: dict[int, Counter[int]] = {}
    for row in table(run, "dedup").select(["id", "language", "duplicates"]).to_pylist():
        if row["language"] == "en":
            found.setdefault(row["duplicates"], Counter())[used.get(row["id"], 0)] += 1
    return found


def test_documents_are_used_by_the_weight_of_their_cluster(given: Path) -> None:
    shares = english(given).cluster_sizes
    assert [(one.at_least, one.weight, one.rejected) for one in shares] == [
        (1, 1.0, None),
        (2, 3.0, None),
        (5, 6.0, None),
        (50, 0.5, None),
    ]
    scale = shares[0].epochs
    for one, (size, used) in zip(shares, sorted(times(given).items()), strict=True):
        assert one.at_least == size
        assert one.documents == used.total() - used[0]
        assert set(used) <= {int(scale * one.weight), int(scale * one.weight) + 1}
    assert [sum(used.values()) for _, used in sorted(times(given).items())] == [160, 12, 6, 1]
    assert shares[1].epochs / scale == pytest.approx(3, rel=0.1)
    assert shares[2].epochs / scale == pytest.approx(6, rel=0.1)


def test_the_budget_is_met_and_the_tokens_add_up(given: Path) -> None:
    found = english(given)
    assert abs(found.tokens - 32_000) <= 320
    assert sum(one.tokens for one in found.cluster_sizes) == found.tokens
    assert sum(one.documents for one in found.cluster_sizes) == found.documents
    epochs = np.array(table(given, "shards")["epochs"])
    assert epochs.max() > 3
    assert found.sources[0].epochs <= 10
    assert verify(given).problems == []


def order(run: Path) -> list[str]:
    """The documents of the English stream, as they come."""
    shards = [open_table(run / "shards" / shard.file.path) for shard in english(run).shards]
    rows = pa.concat_tables([shard.select(["id", "start"]) for shard in shards]).to_pylist()
    return [row["id"] for row in rows if row["start"] == 0]


def test_copies_of_a_document_lie_far_apart(given: Path) -> None:
    stream = order(given)
    places: dict[str, list[int]] = {}
    for place, name in enumerate(stream):
        places.setdefault(name, []).append(place)
    often = [found for found in places.values() if len(found) > 1]
    assert len(often) >= 18
    for found in often:
        assert min(np.diff(found)) > len(stream) / len(found) / 3


def test_copies_are_spread_evenly() -> None:
    drawn = np.array([0, 2**63, 2**64 - 1], np.uint64)
    for many in (1, 2, 7, 100):
        places = [
            spread(drawn, np.full(3, repeat), np.full(3, many)).astype(float) / 2.0**64
            for repeat in range(many)
        ]
        assert np.diff(places, axis=0) == pytest.approx(1 / many)
        assert np.array(places).min() == 0
        assert np.array(places).max() <= 1


def test_the_same_sets_from_other_parts_of_the_same_documents(given: Path, tmp_path: Path) -> None:
    prepare(tmp_path, planted()[::-1], parts=2)
    run_steps(tmp_path, GIVEN)
    first, again = english(given), english(tmp_path)
    assert again.cluster_sizes == first.cluster_sizes
    assert order(tmp_path) == order(given)
    assert again.sources == first.sources


def test_a_language_that_is_not_rehydrated_is_as_without(given: Path, tmp_path: Path) -> None:
    shutil.copytree(given, tmp_path, dirs_exist_ok=True)
    both = {"budget": {"en": 32_000, "zh": 500}, "tolerance": 0.2}
    run_steps(tmp_path, both | {"rehydrate": GIVEN["rehydrate"]}, steps=["shards"])
    with_it = load(tmp_path / "shards" / "shards.json", ShardManifest)
    run_steps(tmp_path, both, steps=["shards"])
    without = load(tmp_path / "shards" / "shards.json", ShardManifest)
    assert with_it.sets["zh"] == without.sets["zh"]
    assert with_it.sets["en"] != without.sets["en"]
    text = (tmp_path / "shards" / "shards.json").read_text(encoding="utf-8")
    assert "cluster_sizes" not in text
    assert "rehydrate" not in (tmp_path / "shards" / "manifest.json").read_text(encoding="utf-8")


def test_the_shortfall_is_that_of_the_epochs_of_the_sources(given: Path, tmp_path: Path) -> None:
    shutil.copytree(given, tmp_path, dirs_exist_ok=True)
    has = sum(one.available_tokens for one in english(given).cluster_sizes)
    settings = GIVEN | {"budget": {"en": 10 * has}}
    run_steps(tmp_path, settings, steps=["shards"])
    assert {count for used in times(tmp_path).values() for count in used} == {10}
    with pytest.raises(ShardBudgetError, match=rf"en: {2 * has:,} tokens wanted, {has:,} available.*max_ep"):
        run_steps(tmp_path, GIVEN | {"budget": {"en": 2 * has}}, max_epochs=1, steps=["shards"])


def test_weights_are_measured_on_what_the_quality_step_rejected(measured: Path) -> None:
    shares = english(measured).cluster_sizes
    assert [(one.at_least, one.weight) for one in shares] == [(1, 1.0), (2, 8.0)]
    rates = [180 / 300, (10 / 2 + 40 / 50) / 111]
    assert [one.rejected for one in shares] == pytest.approx(rates, abs=1e-6)
    kept = Counter(table(measured, "dedup")["duplicates"].to_pylist())
    assert kept == {1: 120 + 10, 2: 100, 10: 1}
    assert shares[1].documents == 111, "a text whose one copy was rejected has a copy"
    assert shares[1].epochs / shares[0].epochs == pytest.approx(8, rel=0.05)


def test_another_budget_measures_nothing_again(measured: Path, tmp_path: Path) -> None:
    shutil.copytree(measured, tmp_path, dirs_exist_ok=True)
    files = [path for path in (tmp_path / "shards" / "rehydrate").rglob("*") if path.is_file()]
    before = {path: path.stat().st_ino for path in files}
    run_steps(tmp_path, MEASURED | {"budget": {"en": 50_000}}, steps=["shards"])
    assert abs(english(tmp_path).tokens - 50_000) <= 500
    assert len(before) > 10
    assert {path: path.stat().st_ino for path in files} == before


def test_a_death_in_every_phase(measured: Path, tmp_path: Path) -> None:
    for name in STEPS[:-1]:
        shutil.copytree(measured / name, tmp_path / name)
    shutil.copytree(measured / "language", tmp_path / "language")
    deaths = 0
    for _ in range(20):
        try:
            run_steps(tmp_path, MEASURED, steps=["shards"], engine=OnePhase())
            break
        except Dies:
            deaths += 1
    assert deaths >= 8
    assert durable(tmp_path / "shards") == durable(measured / "shards")


def test_what_an_earlier_run_holds_is_in_no_cluster_of_this_one(measured: Path, tmp_path: Path) -> None:
    old = liked_and_disliked()[180:302]
    again = [("disliked", language, f"{text} Again.") for _, language, text in old[:40]]
    prepare(tmp_path, [*old, *again, *copies("\n".join(passages(420)[411:]), 3)])
    settings: dict[str, Any] = {"budget": {"en": 800}, "tolerance": 0.5}
    dedup = {"index": str(measured / "dedup")}
    run_steps(tmp_path, settings | {"rehydrate": MEASURED["rehydrate"]}, dedup=dedup)
    (share,) = english(tmp_path).cluster_sizes
    assert (share.documents, share.rejected, share.weight) == (1, 0, 1)


def test_parts_of_which_nothing_is_left_and_a_quality_step_without_rejects(tmp_path: Path) -> None:
    texts = passages(30)
    prepare(tmp_path, [row for text in texts for row in copies(text, 4)], parts=4)
    settings = {"budget": {"en": 5_000}, "tolerance": 0.1, "rehydrate": MEASURED["rehydrate"]}
    manifest = run_steps(tmp_path, settings)
    assert 0 in [part.documents_in for part in manifest.parts]
    (share,) = english(tmp_path).cluster_sizes
    assert (share.at_least, share.documents, share.rejected, share.weight) == (1, 30, 0, 1)


def test_documents_without_the_size_of_their_cluster(tmp_path: Path) -> None:
    manifest = corpus().model_copy(update={"shards": ShardSettings.model_validate(GIVEN)})
    rows = [{"id": "zen", "text": "Beautiful is better than ugly."}]
    step = context("shards", tmp_path, manifest, [[quality_rows(rows)]])
    row = {
        "id": "zen",
        "source": "web",
        "language": "en",
        "hash": bytes(16),
        "whole": bytes(16),
        "tokens": [7],
    }
    table = pa.Table.from_pylist([row | {"length": 1, "tokens_at": 0}], DOCUMENTS)
    write_batches(tmp_path / "tokens.arrow", table.schema, table.to_batches())
    inventory = Inventory.read(Columns((tmp_path / "tokens.arrow",), DOCUMENTS))
    with pytest.raises(PipelineError, match=r"shards\.rehydrate: the documents have no column `duplicates`"):
        rehydration(step, inventory)
