"""The part of the processes' time that computes, where each waits at the end of a step for the one that has
most to do: simulated from the draws of the 15 B preset, for numbers of processes that nobody here has.

Streams are as long as the preset's corpus; pairs have the lengths of real ones (``instruct_*.jsonl.gz`` of the
development corpus, by the benchmark's tokenizer), whose order the curriculum draws.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from curriculum.curriculum import Curriculum
from curriculum.packing import useful_share
from manifests.schema.base import load
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import ShardManifest, Vocabulary
from trainer.data.dataset import PairTable
from trainer.data.drawn import drawn
from trainer.data.step_loader import StepLoader
from trainer.objectives import build

PRESET = Path(__file__).parents[1] / "manifests" / "presets" / "openba-15b" / "curriculum.yaml"
RANKS, STEPS = (8, 64, 256), 5
BILLION = 10**9
STREAMS = {"en": 190 * BILLION, "zh": 190 * BILLION, "code": 20 * BILLION}
PAIR_TOKENS = 40 * BILLION


class Lengths(PairTable):
    """Pairs of which only the lengths are known, int64 [2, pairs], over and over."""

    def __init__(self, known: NDArray[np.int64]) -> None:
        self.known = known

    def lengths(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        prompts, targets = self.known[:, rows % self.known.shape[1]]
        return prompts, targets


def shares(corpus: Path, tokenizer: Path) -> dict[str, dict[str, float]]:
    """The mean over the first steps of each stage: stage -> processes -> useful share."""
    manifest = load(PRESET, CurriculumManifest)
    sets = {f"biflan_{language}": _pairs(corpus, language, tokenizer) for language in ("en", "zh")}
    shards = _shards(sets)
    curriculum = Curriculum(manifest, shards)
    found: dict[str, dict[str, float]] = {}
    for span in curriculum.spans:
        stage = span.stream.stage
        objectives = {stage.name: build(stage.objective, shards.vocabulary)}
        plans = [curriculum.step(span.first + step) for step in range(STEPS)]
        found[stage.name] = {}
        for ranks in RANKS:
            loader = StepLoader(sets, manifest.model, shards.vocabulary.padded, 0, ranks)
            steps = [
                useful_share(*loader.packed(drawn(plan, objectives), stage.micro_batch)) for plan in plans
            ]
            found[stage.name][str(ranks)] = float(np.mean(steps))
    return found


def _pairs(corpus: Path, language: str, tokenizer: Path) -> Lengths:
    pieces = SentencePieceProcessor(model_file=str(tokenizer))
    with gzip.open(corpus / f"instruct_{language}.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    prompts = [f"{record['instruction']}\n{record['input'] or ''}" for record in records]
    sides = (pieces.encode(prompts), pieces.encode([record["output"] for record in records]))
    return Lengths(np.array([[len(ids) for ids in side] for side in sides]))


def _shards(pairs: dict[str, Lengths]) -> ShardManifest:
    sets = {name: _set(name, "stream", tokens, 1) for name, tokens in STREAMS.items()}
    for name, table in pairs.items():
        tokens = PAIR_TOKENS * (2 if name.endswith("en") else 1) // 3
        sets[name] = _set(name, "pairs", tokens, int(tokens / table.known.sum(axis=0).mean()))
    file = {"path": "spiece.model", "sha256": "0" * 64, "bytes": 0}
    vocabulary = Vocabulary.model_validate(
        {"model": file, "pieces": 250_100, "size": 250_203, "padded": 250_368}
    )
    return ShardManifest.model_validate(
        {"fingerprint": "simulated", "vocabulary": vocabulary, "sets": sets, "heldout": {}}
    )


def _set(name: str, kind: str, tokens: int, rows: int) -> dict[str, Any]:
    file = {"path": f"{name}.arrow", "sha256": "0" * 64, "bytes": 0}
    source = {"name": name, "documents": rows, "tokens": tokens, "available_tokens": tokens, "epochs": 1.0}
    return {
        "name": name, "language": "code" if name == "code" else name[-2:], "kind": kind, "tokens": tokens, "rows": rows,
        "documents": rows, "shard_tokens": tokens, "unigram_entropy": 1.0,
        "shards": [{"file": file, "tokens": tokens}], "sources": [source],
    }  # fmt: skip
