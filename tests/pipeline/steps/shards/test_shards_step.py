"""The whole step on a small run: streams, held-out sets, pairs, the selection table, errors, and the same
bytes again."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xxhash

from manifests.border.arrow_files import open_table
from manifests.files import sha256
from manifests.schema.base import load
from manifests.schema.shards import ShardManifest, TokenSet
from manifests.schema.steps import Count, StepManifest
from pipeline.models.tokenizer import Tokenizer
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.shortfall import ShardBudgetError
from tests.pipeline.steps.shards.toy import benchmark, documents, prepare, run_step, verses

BUDGET = {"en": 60_000, "zh": 5_000, "code": 120_000}
INSTRUCTIONS = {
    "tokens": 1200,
    "sources": [
        {
            "name": "verses",
            "path": "verses",
            "format": "labelled",
            "language": "zh",
            "files": {"道": "dao.txt", "德": "de.txt"},
            "templates": [
                {"name": "chapter", "prompt": "“{text}”出自哪一篇？", "target": "{label}"},
                {"name": "repeat", "prompt": "请重复：{label}", "target": "{text}"},
            ],
        },
        {
            "name": "docs",
            "path": "code",
            "format": "docstrings",
            "include": ["*.py"],
            "language": "en",
            "templates": [
                {"name": "document", "prompt": "Document this function:\n{code}", "target": "{docstring}"}
            ],
        },
    ],
    "max_target": 100,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StepManifest]:
    """The step's folder and manifest."""
    folder = tmp_path_factory.mktemp("shards")
    prepare(
        folder / "run",
        documents(),
        rejected=(Count(source="topics", language="en", reason="benchmark", documents=4, bytes=2_500_000),),
    )
    instruction_files(folder)
    settings: dict[str, Any] = {
        "budget": BUDGET,
        "shard_tokens": 25_000,
        "heldout": 0.02,
        "instructions": INSTRUCTIONS,
    }
    benchmarks = benchmark(folder / "run", verses()[2])
    return folder / "run" / "shards", run_step(folder, folder / "run", settings, benchmarks)


def instruction_files(folder: Path) -> None:
    (folder / "verses").mkdir()
    lines = verses()
    for name, start in (("dao.txt", 0), ("de.txt", 1)):
        (folder / "verses" / name).write_text(
            "\n".join([*lines[start::2], *lines[start::2][:2]]), encoding="utf-8"
        )
    (folder / "code").mkdir()
    for module in ("inspect", "json/decoder", "textwrap", "tokenize", "ast", "argparse"):
        source = Path(shutil.__file__).parent / f"{module}.py"
        (folder / "code" / source.name).write_bytes(source.read_bytes())


@pytest.fixture(scope="module")
def shards(made: tuple[Path, StepManifest]) -> ShardManifest:
    return load(made[0] / "shards.json", ShardManifest)


def rows(folder: Path, token_set: TokenSet) -> pa.Table:
    return pa.concat_tables([open_table(folder / shard.file.path) for shard in token_set.shards])


@pytest.mark.parametrize("language", ["en", "zh", "code"])
def test_streams_hold_whole_documents_each_ended_by_eos(
    made: tuple[Path, StepManifest], shards: ShardManifest, language: str
) -> None:
    folder, _ = made
    token_set = shards.sets[language]
    table = rows(folder, token_set)
    texts = {f"{source}:{_hash(text)}": text for source, _, text in documents()}
    stream = np.concatenate([chunk.flatten().to_numpy() for chunk in table["tokens"].chunks])
    assert len(stream) == token_set.tokens
    assert abs(token_set.tokens - BUDGET[language]) <= BUDGET[language] * 0.001
    assert [shard.tokens for shard in token_set.shards[:-1]] == [25_000] * (len(token_set.shards) - 1)
    ends = np.flatnonzero(stream == 1)
    assert ends[-1] == len(stream) - 1
    found = Tokenizer(folder / "tokenizer.model").decode(pa.array(np.split(stream, ends + 1)[:-1]))
    starts = np.array(table["start"])
    assert found.to_pylist() == [
        texts[name] for name, start in zip(table["id"].to_pylist(), starts, strict=True) if start == 0
    ]
    continued = np.flatnonzero(starts)
    lengths = np.concatenate([chunk.value_lengths().to_numpy() for chunk in table["tokens"].chunks])
    assert (starts[continued] == starts[continued - 1] + lengths[continued - 1]).all()
    assert (np.array(table["id"])[continued] == np.array(table["id"])[continued - 1]).all()


def _hash(text: str) -> str:
    return xxhash.xxh3_128_digest(text.encode()).hex()


def test_heldout_documents_are_in_no_training_set(
    made: tuple[Path, StepManifest], shards: ShardManifest
) -> None:
    for name, held in shards.heldout.items():
        ids = set(rows(made[0], held)["id"].to_pylist())
        assert ids
        assert not ids & set(rows(made[0], shards.sets[name])["id"].to_pylist())
        predicted = Counter(
            token
            for row in rows(made[0], held)["target" if held.kind == "pairs" else "tokens"].to_pylist()
            for token in row
        )
        share = np.array(list(predicted.values())) / predicted.total()
        assert held.unigram_entropy == pytest.approx(-(share * np.log(share)).sum())


def test_epochs_stay_within_the_sources_caps(shards: ShardManifest) -> None:
    (library,) = shards.sets["code"].sources
    code = sum(language == "code" for _, language, _ in documents())
    assert (library.name, library.documents) == ("library", code - shards.heldout["code"].documents)
    assert 1 < library.epochs < 2
    assert shards.sets["zh"].sources[0].epochs < 1
    assert shards.sets["zh"].budget == 5_000


def test_selection_table_accounts_for_every_document(
    made: tuple[Path, StepManifest], shards: ShardManifest
) -> None:
    folder, manifest = made
    table = pa.concat_tables([open_table(folder / part.kept.path) for part in manifest.parts])
    used = Counter(zip(table["use"].to_pylist(), table["language"].to_pylist(), strict=True))
    assert manifest.documents_in == len(documents())
    for use, sets in (("train", shards.sets), ("heldout", shards.heldout)):
        for language in BUDGET:
            assert (
                used[use, language]
                == sets[language].documents
                == manifest.metrics[f"documents/{use}/{language}"]
            )
    written = sum((row["tokens"] + 1) * row["epochs"] for row in table.to_pylist())
    assert written == sum(shards.sets[language].tokens for language in BUDGET)
    assert {count.reason for count in manifest.counts} == {"", "over_budget"}
    rejected = open_table(folder / manifest.parts[0].rejected.path)
    assert set(rejected["reason"].to_pylist()) == {"over_budget"}
    assert all(detail.endswith(" tokens") for detail in rejected["detail"].to_pylist())


def test_pairs_are_two_english_tokens_to_one_chinese_and_all_accounted_for(
    made: tuple[Path, StepManifest], shards: ShardManifest
) -> None:
    folder, manifest = made
    english, chinese = shards.sets["biflan_en"], shards.sets["biflan_zh"]
    assert english.tokens / chinese.tokens == pytest.approx(2, rel=0.01)
    metrics = manifest.metrics
    for source in ("verses", "docs"):
        fates = [
            value
            for name, value in metrics.items()
            if name.startswith("pairs/") and name.endswith(f"/{source}")
        ]
        assert (
            metrics[f"pairs/read/{source}"]
            == sum(fates) - metrics[f"pairs/read/{source}"] - metrics[f"pairs/cut/{source}"]
        )
    assert metrics["pairs/read/verses"] == 17
    assert metrics["pairs/rejected/duplicate/verses"] == 2
    assert metrics["pairs/rejected/benchmark_overlap/verses"] == 2
    assert metrics["pairs/rejected/target_too_long/docs"] > 0
    tokenizer = Tokenizer(folder / "tokenizer.model")
    table = rows(folder, chinese)
    tasks = dict(zip(table["id"].to_pylist(), table["task"].to_pylist(), strict=True))
    assert set(tasks.values()) == {"verses/chapter", "verses/repeat"}
    for prompt, target, task in zip(
        tokenizer.decode(table["prompt"].combine_chunks()).to_pylist(),
        tokenizer.decode(table["target"].combine_chunks()).to_pylist(),
        table["task"].to_pylist(),
        strict=True,
    ):
        assert (
            (prompt.startswith("“") and target in "道德")
            if task == "verses/chapter"
            else prompt.startswith("请重复：")
        )


def test_every_file_is_listed_with_its_hash(made: tuple[Path, StepManifest]) -> None:
    folder, manifest = made
    names = {file.path for file in manifest.files}
    assert {
        "tokenizer.model",
        "shards.json",
        "en/part-00000.arrow",
        "heldout-biflan_zh/part-00000.arrow",
    } <= names
    assert all(sha256(folder / file.path) == file.sha256 for file in manifest.files)


def test_same_bytes_from_other_parts_of_the_same_documents(
    made: tuple[Path, StepManifest], tmp_path: Path
) -> None:
    prepare(tmp_path / "run", documents(), parts=2)
    run_step(tmp_path, tmp_path / "run", {"budget": BUDGET, "shard_tokens": 25_000, "heldout": 0.02})
    again = load(tmp_path / "run" / "shards" / "shards.json", ShardManifest)
    first = load(made[0] / "shards.json", ShardManifest)
    assert {name: again.sets[name] for name in BUDGET} == {name: first.sets[name] for name in BUDGET}
    assert again.heldout["zh"] == first.heldout["zh"]


def test_error_says_how_much_is_missing_and_which_rule_took_most(
    made: tuple[Path, StepManifest], tmp_path: Path
) -> None:
    with pytest.raises(ShardBudgetError) as error:
        run_step(tmp_path, made[0].parent, {"budget": {"en": "1 M"}})
    assert "en: 1,000,000 tokens wanted, " in str(error.value)
    assert (
        "or raise max_epochs of topics (now 1), or add sources; decontaminate: benchmark rejected 100% of its "
        "text (7.5 MB)" in str(error.value)
    )


def test_too_few_pairs_name_the_setting(made: tuple[Path, StepManifest], tmp_path: Path) -> None:
    instruction_files(tmp_path)
    settings = {"budget": {"zh": 2000}, "instructions": INSTRUCTIONS | {"tokens": 300_000}}
    shutil.copytree(made[0].parent / "quality", tmp_path / "run" / "quality")
    shutil.copytree(made[0].parent / "decontaminate", tmp_path / "run" / "decontaminate")
    with pytest.raises(
        ShardBudgetError,
        match=r"zh: 99,900 tokens wanted, [\d,]+ available.*lower shards\.instructions\.tokens to \d+ or "
        r"less",
    ):
        run_step(tmp_path, tmp_path / "run", settings)


def test_tokens_that_were_changed_are_refused(tmp_path: Path) -> None:
    prepare(tmp_path, documents())
    written = tmp_path / "quality" / "signals" / "part-00001.arrow"
    written.write_bytes(written.read_bytes() + b"\0")
    with pytest.raises(PipelineError, match=r"part-00001\.arrow was changed after it was written"):
        run_step(tmp_path, tmp_path, {"budget": {"en": 1000}})


def test_copies_of_a_document_stand_anywhere_and_not_beside_each_other(
    made: tuple[Path, StepManifest], shards: ShardManifest
) -> None:
    """Each copy is drawn with a key of its own. Were it one key, every copy would follow the one before."""
    table = rows(made[0], shards.sets["code"])
    order = [
        name
        for name, start in zip(table["id"].to_pylist(), table["start"].to_pylist(), strict=True)
        if start == 0
    ]
    places: dict[str, list[int]] = {}
    for place, name in enumerate(order):
        places.setdefault(name, []).append(place)
    pairs = np.array([found for found in places.values() if len(found) == 2])
    assert len(pairs) > 20
    distances = np.diff(pairs, axis=1) / len(order)
    assert np.mean(distances == 1 / len(order)) < 0.1
    assert distances.mean() == pytest.approx(1 / 3, abs=0.1), "as far apart as two random places"
    assert pairs.mean() / len(order) == pytest.approx(1 / 2, abs=0.1)
