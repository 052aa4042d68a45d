"""The decontaminate step: documents with a benchmark item in them are rejected, with the item's name and the
shared text."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from manifests.border.arrow_files import open_table
from manifests.files import sha256
from manifests.schema.decontaminate import Benchmark, DecontaminateSettings
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.decontaminate.benchmark_items import read_items
from pipeline.steps.decontaminate.decontaminate_step import DecontaminateStep
from tests.pipeline.steps.measured import context, corpus, measured

QUESTION = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May."
PASSAGE = "环滁皆山也。其西南诸峰，林壑尤美。望之蔚然而深秀者，琅琊也。山行六七里，渐闻水声潺潺而泻出于两峰之间者，酿泉也。"
CORPUS = Path("../shared/corpus")
SETTINGS = {
    "name": "mixed",
    "path": "items.jsonl",
    "text_fields": ["question", "context"],
    "name_field": "set",
}
ITEMS: list[dict[str, Any]] = [
    {"id": "g0", "set": "gsm/test", "question": QUESTION},
    {"id": "c0", "set": "cmrc/dev", "question": "太守是谁？", "context": PASSAGE},
]


def write(path: Path, items: list[dict[str, Any]]) -> Path:
    data = b"".join(orjson.dumps(item) + b"\n" for item in items)
    packed = {".gz": gzip.compress(data), ".zst": zstandard.compress(data)}
    path.write_bytes(packed.get(path.suffix, data))
    return path


@pytest.mark.parametrize("name", ["items.jsonl", "items.jsonl.gz", "items.jsonl.zst"])
def test_items_are_read_from_plain_and_packed_lines(tmp_path: Path, name: str) -> None:
    benchmark = Benchmark.model_validate(SETTINGS)
    assert read_items(
        write(tmp_path / name, [*ITEMS, {"question": ["A", {"b": 2}], "context": None}]), benchmark
    ).to_pylist() == [
        {"benchmark": "gsm/test", "item": "g0", "text": QUESTION},
        {"benchmark": "cmrc/dev", "item": "c0", "text": f"太守是谁？\n{PASSAGE}"},
        {"benchmark": "mixed", "item": "line 3", "text": "A\n2\n"},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "items.jsonl:1: not JSON"),
        (b'{"question": "\xff"}', "items.jsonl:1: not JSON"),
        (b'\n{"q": 1}', "items.jsonl:2: none of the fields question"),
        (b"[1]", "items.jsonl:1: none of"),
        (b"null", "items.jsonl:1: none of"),
        (b"", "items.jsonl: no benchmark item in it; correct its path"),
        (b"\n \n", "items.jsonl: no benchmark item in it; correct its path"),
    ],
)
def test_bad_items_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "items.jsonl").write_bytes(content)
    with pytest.raises(PipelineError, match=message):
        read_items(tmp_path / "items.jsonl", Benchmark.model_validate(SETTINGS))


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("items.jsonl.gz", lambda data: data[:-9], "truncated_gzip"),
        ("items.jsonl.zst", lambda data: data[:-9], "truncated_zstd"),
        ("items.jsonl.gz", lambda data: data[:-8] + bytes(8), "corrupt_compression"),
        ("items.jsonl.zst", lambda data: b"plain" + data, "corrupt_compression"),
    ],
)
def test_a_damaged_file_is_no_shorter_benchmark(
    tmp_path: Path, name: str, damage: Callable[[bytes], bytes], message: str
) -> None:
    path = write(tmp_path / name, ITEMS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(PipelineError, match=rf"{name}: {message} \(.*\); fetch the benchmark file again"):
        read_items(path, Benchmark.model_validate(SETTINGS))


def run(
    folder: Path, texts: dict[str, str], benchmarks: list[dict[str, Any]], **settings: int
) -> tuple[dict[str, tuple[str, str]], dict[str, int]]:
    manifest = corpus(benchmarks=DecontaminateSettings.model_validate({"benchmarks": benchmarks, **settings}))
    batch = measured([{"id": name, "text": text} for name, text in texts.items()])
    result = DecontaminateStep().run(context("decontaminate", folder, manifest, [[batch]]))
    (part,) = result.parts
    assert part.documents_in == len(texts)
    rejected = open_table(folder / "decontaminate" / part.rejected.path).to_pylist()
    return {row["id"]: (row["reason"], row["detail"]) for row in rejected}, part.metrics


def test_overlap_is_rejected_with_its_evidence(tmp_path: Path) -> None:
    write(tmp_path / "items.jsonl", ITEMS)
    texts = {
        "quotes": f"A known problem: {QUESTION} How many in all?",
        "page": f"醉翁亭记\n{PASSAGE.replace('。', '。' + chr(10))}",
        "own": "Natalia sold clips to her friends. 环滁皆山也，太守是谁？",
    }
    rejected, metrics = run(tmp_path, texts, [SETTINGS])
    assert set(rejected) == {"quotes", "page"}
    words = " ".join(QUESTION.split()[:13])
    assert rejected["quotes"] == (
        "benchmark_overlap",
        f'benchmark=gsm/test item=g0 span="{words.rstrip(",")}"',
    )
    assert rejected["page"][1].startswith('benchmark=cmrc/dev item=c0 span="环滁皆山也。\\n其西南')
    assert metrics == {"overlap/gsm_test": 1, "overlap/cmrc_dev": 1}


def test_full_width_copies_are_found_and_kept_as_they_are_in_the_reject(tmp_path: Path) -> None:
    write(tmp_path / "items.jsonl", ITEMS)
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in QUESTION)
    rejected, _ = run(tmp_path, {"wide": wide}, [SETTINGS])
    assert (
        rejected["wide"][1] == f'benchmark=gsm/test item=g0 span="{" ".join(wide.split()[:13]).rstrip("，")}"'
    )
    reject = open_table(tmp_path / "decontaminate" / "rejected" / "part-00000.arrow")
    assert reject["text"].to_pylist() == [wide]


def test_how_many_items_are_looked_for_is_counted(tmp_path: Path) -> None:
    write(
        tmp_path / "items.jsonl",
        [
            *ITEMS,
            {"id": "g1", "set": "gsm/test", "question": "2 + 2?"},
            {"id": "g2", "set": "gsm/test", "question": ""},
        ],
    )
    manifest = corpus(benchmarks=DecontaminateSettings.model_validate({"benchmarks": [SETTINGS]}))
    result = DecontaminateStep().run(
        context("decontaminate", tmp_path, manifest, [[measured([{"id": "a", "text": "x"}])]])
    )
    assert result.metrics == {"items/gsm_test": 3, "items/cmrc_dev": 1, "items_not_searched/gsm_test": 2}


@pytest.mark.parametrize(("common", "rejected"), [(3, True), (4, True), (5, False)])
def test_what_stands_in_more_than_a_hundredth_of_a_benchmark_is_its_template(
    tmp_path: Path, common: int, rejected: bool
) -> None:
    asked = "Read the following passage carefully and then choose the one answer that is right"
    other = "Here is a puzzle about trains which leave two stations at the same time and then meet"
    items = [
        {"id": f"q{number}", "question": f"{asked if number < common else other}: number {number}."}
        for number in range(400)
    ]
    write(tmp_path / "items.jsonl", items)
    texts = {"quotes": f"They were told: {asked}!"}
    found, _ = run(
        tmp_path, texts, [{"name": "quiz", "path": "items.jsonl", "text_fields": ["question"]}], max_items=2
    )
    assert (set(found) == {"quotes"}) == rejected


def test_without_benchmarks_everything_is_kept(tmp_path: Path) -> None:
    assert run(tmp_path, {"quotes": QUESTION}, []) == ({}, {})


def test_the_benchmark_s_hash_is_an_input(tmp_path: Path) -> None:
    file = write(tmp_path / "items.jsonl", ITEMS)
    manifest = corpus(benchmarks=DecontaminateSettings.model_validate({"benchmarks": [SETTINGS]}))
    step = DecontaminateStep()
    surroundings = context("decontaminate", tmp_path, manifest, [])
    assert step.inputs(surroundings) == {"mixed": sha256(file)}
    file.unlink()
    with pytest.raises(PipelineError, match="no such benchmark file; correct its path"):
        step.inputs(surroundings)


@pytest.mark.skipif(not CORPUS.exists(), reason="the development corpus is not beside the project")
def test_all_known_contamination_is_found_and_little_else(tmp_path: Path) -> None:
    with gzip.open(CORPUS / "zh.jsonl.gz") as lines:
        texts = {record["id"]: record["text"] for record in map(orjson.loads, lines)}
    known = {name for name in texts if "cmrc2018:DEV_" in name}
    assert len(known) == 848
    path = str((CORPUS / "evals.jsonl.gz").resolve())
    rejected, metrics = run(
        tmp_path, texts, [{"name": "evals", "path": path, "text_fields": ["text"], "name_field": "benchmark"}]
    )
    assert known <= set(rejected)
    assert (
        sorted(name.split(":")[1].split("/")[-1] for name in set(rejected) - known)
        == ["OI-wiki"] + ["cmrc2018"] * 8
    )
    assert metrics == {"overlap/cmrc2018_dev": 857}
