"""Files of some kB that say gigabytes are rejected with their reason, in little memory and with little kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from manifests.schema.sources import IngestSettings
from pipeline.readers.limits import DEFAULT, Limits
from pipeline.steps.ingest.long_rejects import HEAD, heads_of_long
from tests.pipeline.readers import bombs

COSTLY = ["too_costly"]
GIGABYTE = 1 << 30


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("bombs")
    bombs.make(folder)
    command = [sys.executable, "-m", "tests.pipeline.readers.bombs", str(folder)]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return {one["name"]: one for one in json.loads(done.stdout)}


@pytest.mark.slow
@pytest.mark.parametrize("name", bombs.BOMBS)
def test_a_bomb_is_a_reject_and_no_death(told: dict[str, dict[str, Any]], name: str) -> None:
    one = told[name]
    assert one["reasons"] == COSTLY
    assert one["text"] <= HEAD
    assert one["peak"] < 1.5 * GIGABYTE
    assert one["kept"] == (name.split(".")[1] == "jsonl" and not name.startswith("a window"))


@pytest.mark.slow
def test_what_comes_before_a_window_that_is_too_wide_says_so(told: dict[str, dict[str, Any]]) -> None:
    for name in bombs.BOMBS:
        if name.startswith("a window"):
            detail = "at byte 0: a window of over 134217728 bytes, which the source's max_window forbids"
            assert (told[name]["reasons"], told[name]["details"]) == (COSTLY, [detail])


def test_the_head_the_size_and_the_hash_are_kept_of_what_is_too_long() -> None:
    texts = pa.array(["é" * HEAD, "short", "b" * 2 * HEAD, "c" * 2 * HEAD])
    reason = pa.array(["too_long", "too_long", "invalid_json", None], pa.string())
    detail = pa.array(["200000 bytes", "9 bytes", "no", None], pa.string())
    heads, details = heads_of_long(texts, reason, detail)
    assert [len(text.encode()) for text in heads.to_pylist()] == [HEAD, 5, 2 * HEAD, 2 * HEAD]
    assert details.to_pylist() == [
        "200000 bytes; SHA-256 of the first 131072: "
        "d98095f273e7fc6421a31c287c93720d7e53ff40b6825d1311d730cf8826a593",
        "9 bytes",
        "no",
        None,
    ]


def test_limits_follow_the_memory_of_a_worker() -> None:
    assert Limits.of(4_000_000_000, None) == DEFAULT
    assert Limits.of(1_000_000_000, 1 << 31).window == 500_000_000
    assert (DEFAULT.held(0), DEFAULT.held(1_000_000), DEFAULT.held(10**9)) == (1 << 26, 200_000_000, 10**9)
    assert (DEFAULT.expanded(1000), DEFAULT.expanded(10**6)) == (1 << 27, 200_000_000)


def test_documents_must_fit_into_the_memory_of_a_worker() -> None:
    assert IngestSettings(max_document_bytes=10**8, max_worker_memory=10**9).max_worker_memory == 10**9
    with pytest.raises(
        ValidationError, match="max_document_bytes: a document of 100000000 bytes may take 1000000000"
    ):
        IngestSettings(max_document_bytes=10**8, max_worker_memory=999_999_999)
