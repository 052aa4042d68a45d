"""Shard manifests and curricula of any size, without files."""

from __future__ import annotations

from typing import Any

from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import ShardManifest

MODEL = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "heads": 2, "head_size": 8, "d_ff": 32}
COSINE = {"schedule": "cosine", "peak": 1e-3, "minimum": 1e-4, "warmup_steps": 2}


def token_set(name: str, kind: str, tokens: int, rows: int = 1) -> dict[str, Any]:
    file = {"path": f"{name}.arrow", "sha256": "0" * 64, "bytes": 0}
    share = {"name": "toy", "documents": rows, "tokens": tokens, "available_tokens": tokens, "epochs": 1.0}
    return {
        "name": name, "language": "en", "kind": kind, "tokens": tokens, "rows": rows, "documents": rows, "shard_tokens": tokens,
        "unigram_entropy": 1.0,
        "shards": [{"file": file, "tokens": tokens}], "sources": [share],
    }  # fmt: skip


def shard_manifest(streams: dict[str, int], pairs: dict[str, tuple[int, int]] | None = None) -> ShardManifest:
    """``streams``: tokens by set; ``pairs``: (tokens, number of pairs) by set."""
    sets = {name: token_set(name, "stream", tokens) for name, tokens in streams.items()}
    sets |= {name: token_set(name, "pairs", tokens, rows) for name, (tokens, rows) in (pairs or {}).items()}
    vocabulary = {
        "model": {"path": "m", "sha256": "0" * 64, "bytes": 0},
        "pieces": 400,
        "size": 503,
        "padded": 512,
    }
    return ShardManifest.model_validate(
        {"fingerprint": "toy", "vocabulary": vocabulary, "sets": sets, "heldout": {}}
    )


def stage(name: str, mixture: dict[str, float], tokens: int | str, **changes: Any) -> dict[str, Any]:
    objective = {"kind": "ul2", "chunk": 64, "preset": "openba-released"}
    base = {
        "name": name,
        "objective": objective,
        "mixture": mixture,
        "tokens": tokens,
        "global_batch": 8,
        "micro_batch": 4096,
    }
    return base | {"learning_rate": COSINE} | changes


def curriculum_manifest(*stages: dict[str, Any], seed: int = 1) -> CurriculumManifest:
    return CurriculumManifest.model_validate(
        {"version": 1, "kind": "curriculum", "name": "toy", "seed": seed, "model": MODEL, "stages": stages}
    )
