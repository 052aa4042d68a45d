"""A tiny shard set of real text, and a curriculum of twelve steps over it."""

from __future__ import annotations

import json
import pydoc_data.topics
from pathlib import Path
from typing import Any

import pyarrow as pa
import sentencepiece
import yaml

from manifests.files import sha256
from manifests.schema.shards import ShardManifest

PIECES = 400
SHARD_TOKENS = 1000
# Luo Guanzhong, Romance of the Three Kingdoms, chapter 1 (14th century).
CHINESE = (
    "话说天下大势，分久必合，合久必分：周末七国分争，并入于秦。及秦灭之后，楚、汉分争，又并入于汉。"
    "汉朝自高祖斩白蛇而起义，一统天下。后来光武中兴，传至献帝，遂分为三国。推其致乱之由，殆始于桓、灵二帝。"
    "桓帝禁锢善类，崇信宦官。及桓帝崩，灵帝即位，大将军窦武、太傅陈蕃，共相辅佐。时有宦官曹节等弄权，"
    "窦武、陈蕃谋诛之，作事不密，反为所害。中涓自此愈横。建宁二年四月望日，帝御温德殿。方升座，殿角狂风骤起，"
    "只见一条大青蛇，从梁上飞将下来，蟠于椅上。帝惊倒，左右急救入宫，百官俱奔避。须臾，蛇不见了。"
    "忽然大雷大雨，加以冰雹，落到半夜方止，坏却房屋无数。"
)
ENGLISH = [
    pydoc_data.topics.topics[name]
    for name in ("assert", "assignment", "break", "for", "if", "lambda", "return", "try", "while", "with")
]
STREAM = pa.schema(
    [("id", pa.string()), ("source", pa.string()), ("start", pa.uint32()), ("tokens", pa.list_(pa.uint32()))]
)
PAIRS = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("task", pa.string()),
        ("prompt", pa.list_(pa.uint32())),
        ("target", pa.list_(pa.uint32())),
    ]
)


def write_shards(run: Path, heldout_pairs: int = 8) -> ShardManifest:
    """Tokenises the texts and writes ``run/shards``: streams ``en`` and ``zh``, pairs ``pairs``, and held-out
    sets of the same names."""
    folder = run / "shards"
    folder.mkdir(parents=True)
    pieces = _train_tokenizer(folder)
    english = [[*ids, 1] for ids in pieces.encode(ENGLISH)]
    chinese = [[*pieces.encode(CHINESE), 1]]
    pairs = [(ids[:20], ids[20 : 30 + index % 7]) for index, ids in enumerate(pieces.encode(_paragraphs()))]
    sets = {
        "en": _stream(folder, "en", english[:-2]),
        "zh": _stream(folder, "zh", chinese),
        "pairs": _pairs(folder, "pairs", pairs[:-heldout_pairs]),
    }
    heldout = {
        "en": _stream(folder, "heldout-en", english[-2:]),
        "pairs": _pairs(folder, "heldout-pairs", pairs[-heldout_pairs:]),
    }
    vocabulary = {
        "model": _file(folder / "tokenizer.model"),
        "pieces": PIECES,
        "size": PIECES + 103,
        "padded": 512,
    }
    data = {"fingerprint": "tiny", "vocabulary": vocabulary, "sets": sets, "heldout": heldout}
    manifest = ShardManifest.model_validate(data)
    (folder / "shards.json").write_text(json.dumps(manifest.model_dump()), encoding="utf-8")
    return manifest


def write_curriculum(file: Path, **changes: Any) -> Path:
    """Eight steps of UL2 and four of instructions; ``changes`` replace keys of the manifest."""
    rate = {"schedule": "cosine", "peak": 3e-3, "minimum": 1e-3, "warmup_steps": 2}
    ul2 = {
        "name": "ul2", "objective": {"kind": "ul2", "chunk": 24, "preset": "openba-released"}, "mixture": {"en": 0.75, "zh": 0.25},
        "tokens": 8 * 8 * 24, "global_batch": 8, "micro_batch": 160, "learning_rate": rate, "max_epochs": {"zh": 9},
    }  # fmt: skip
    biflan = {
        "name": "biflan", "objective": {"kind": "instruction", "source": 32, "target": 16}, "mixture": {"pairs": 1.0},
        "tokens": 500, "global_batch": 4, "micro_batch": 80, "learning_rate": {"schedule": "constant", "peak": 1e-3},
        "max_epochs": {"pairs": 9},
    }  # fmt: skip
    data = {
        "version": 1, "kind": "curriculum", "name": "tiny", "seed": 5,
        "model": {"d_model": 16, "encoder_layers": 1, "decoder_layers": 2, "heads": 2, "head_size": 8, "d_ff": 32},
        "train": {"threads": 1, "checkpoint_every": 3, "keep": 2, "evaluation_samples": 8},
        "stages": [ul2, biflan],
    }  # fmt: skip
    file.write_text(yaml.safe_dump(data | changes), encoding="utf-8")
    return file


def _paragraphs() -> list[str]:
    return [part for text in ENGLISH for part in text.split("\n\n") if len(part) > 120][:60]


def _train_tokenizer(folder: Path) -> sentencepiece.SentencePieceProcessor:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*_paragraphs(), *CHINESE.split("。")]), model_prefix=str(folder / "tokenizer"), vocab_size=PIECES,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, character_coverage=0.98, byte_fallback=True, num_threads=1, minloglevel=2,
    )  # fmt: skip
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))


def _stream(folder: Path, name: str, documents: list[list[int]]) -> dict[str, Any]:
    """Cuts documents at the shards' ends, as the pipeline does."""
    shards: list[list[tuple[str, int, list[int]]]] = [[]]
    room = SHARD_TOKENS
    for number, document in enumerate(documents):
        start = 0
        while start < len(document):
            head = document[start : start + room]
            shards[-1].append((f"{name}-{number}", start, head))
            start, room = start + len(head), room - len(head)
            if room == 0:
                shards.append([])
                room = SHARD_TOKENS
    entries = []
    for index, rows in enumerate(filter(None, shards)):
        ids, starts, tokens = zip(*rows, strict=True)
        columns = [pa.array(ids), pa.array(["tiny"] * len(rows)), pa.array(starts, pa.uint32())]
        entries.append(
            _shard(
                folder / f"{name}-{index}.arrow",
                STREAM,
                [*columns, pa.array(tokens, pa.list_(pa.uint32()))],
                sum(map(len, tokens)),
            )
        )
    return _set(name, "stream", entries, len(documents))


def _pairs(folder: Path, name: str, pairs: list[tuple[list[int], list[int]]]) -> dict[str, Any]:
    entries = []
    for index in range(2):
        rows = pairs[index::2]
        ids = pa.array([f"{name}-{index + 2 * row}" for row in range(len(rows))])
        columns = [
            ids,
            *(pa.array([label] * len(rows)) for label in ("tiny", name)),
            *(pa.array(list(side), pa.list_(pa.uint32())) for side in zip(*rows, strict=True)),
        ]
        entries.append(
            _shard(folder / f"{name}-{index}.arrow", PAIRS, columns, sum(len(a) + len(b) for a, b in rows))
        )
    return _set(name, "pairs", entries, len(pairs))


def _shard(path: Path, schema: pa.Schema, columns: list[pa.Array], tokens: int) -> dict[str, Any]:
    with pa.ipc.new_file(path, schema) as writer:
        writer.write_batch(pa.record_batch(columns, schema=schema))
    return {"file": _file(path) | {"rows": len(columns[0])}, "tokens": tokens}


def _file(path: Path) -> dict[str, Any]:
    return {"path": path.name, "sha256": sha256(path), "bytes": path.stat().st_size}


def _set(name: str, kind: str, shards: list[dict[str, Any]], rows: int) -> dict[str, Any]:
    tokens = sum(shard["tokens"] for shard in shards)
    share = {"name": "tiny", "documents": rows, "tokens": tokens, "available_tokens": tokens, "epochs": 1.0}
    language = "zh" if "zh" in name else "en"
    return {
        "name": name.removeprefix("heldout-"), "language": language, "kind": kind, "tokens": tokens, "rows": rows, "documents": rows,
        "shard_tokens": SHARD_TOKENS, "unigram_entropy": 1.0, "shards": shards, "sources": [share],
    }  # fmt: skip
