"""A small run folder as the steps and the trainer would leave it: the Zen of Python (PEP 20), the Analects
(论语) and a line of HTML."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from manifests.files import sha256, write_json
from manifests.schema.documents import IDENTIFIED, REJECTED
from manifests.schema.rules import Language
from manifests.schema.shards import Shard, ShardManifest, SourceShare, TokenSet, Vocabulary
from manifests.schema.steps import KEPT, Count, File, Part, StepManifest

ZEN = (
    "Beautiful is better than ugly.",
    "Explicit is better than implicit.",
    "Simple is better than complex.",
    "Complex is better than complicated.",
    "Flat is better than nested.",
    "Sparse is better than dense.",
    "Readability counts.",
)
ANALECTS = (
    "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？",
    "吾日三省吾身：为人谋而不忠乎？与朋友交而不信乎？传不习乎？",
    "温故而知新，可以为师矣。",
    "学而不思则罔，思而不学则殆。",
    "知之为知之，不知为不知，是知也。",
)
LETTER = " 来信：kong.qiu@lu.example，电话 138-1234-5678"
ASKED = (*ANALECTS[:4], ANALECTS[4] + LETTER)
SCRUBBED = (*ANALECTS[:4], ANALECTS[4] + " 来信：<EMAIL>，电话 <PHONE_CN>")
MARKUP = "<script>alert('rejected')</script> 请联系张三：zhang.san@example.org，电话 138-1234-5678"
RULES = [
    {"name": "short_text", "signal": "characters", "languages": ["en", "zh"], "min": 15.0, "max": None},
    {"name": "few_letters", "signal": "letter_ratio", "languages": ["en"], "min": 0.6, "max": None},
    {"name": "few_han", "signal": "han_ratio", "languages": ["zh"], "min": 0.5, "max": 0.99},
]


@dataclass(frozen=True)
class Document:
    """A document and its outcome: ``reason`` is empty where it is kept. Its id is made of the text as it
    ``was``."""

    text: str
    source: str
    language: str
    reason: str = KEPT
    detail: str = ""
    was: str = ""


def web(texts: Sequence[str], language: str, reason: str = KEPT, detail: str = "") -> list[Document]:
    """Documents of the language's source."""
    return [
        Document(text, {"en": "pep20", "zh": "lunyu"}[language], language, reason, detail) for text in texts
    ]


DUPLICATE = f"cluster=0123 survivor={hashlib.md5(ZEN[1].encode()).hexdigest()} similarity=0.88"
STEPS: dict[str, list[Document]] = {
    "ingest": [
        Document(item.text, item.source, "")
        for item in [*web(ZEN, "en"), *web(ASKED, "zh"), *web([MARKUP], "zh")]
    ],
    "language": [*web(ZEN, "en"), *web(ASKED, "zh"), *web([MARKUP], "zh")],
    "quality": [
        *web(ZEN, "en"),
        *web(ASKED, "zh"),
        *web([MARKUP], "zh", "few_han", "han_ratio 0.1 < 0.5"),
    ],
    "dedup": [*web(ZEN[:5], "en"), *web(ZEN[5:], "en", "near_duplicate", DUPLICATE), *web(ASKED, "zh")],
    "privacy": [
        *web(ZEN[:5], "en"),
        *(Document(text, "lunyu", "zh", was=was) for text, was in zip(SCRUBBED, ASKED, strict=True)),
    ],
}
SETTINGS: dict[str, dict[str, Any]] = {
    "quality": {"rules": RULES, "references": ["lunyu"]},
    "dedup": {"dedup": {"similarity": 0.75}},
    "privacy": {"actions": {"email": "placeholder", "phone_cn": "placeholder"}},
}
JUDGEMENT: dict[str, Any] = {
    "documents": {"lunyu": 500, "pep20": 1234, "junk.zh.menus": 200},
    "trusted_loss": {"lunyu": 0.1, "pep20": 0.004},
    "trusted_loss_by_genre": {"lunyu": {"prose": 0.08, "verse": 0.25}, "pep20": {"prose": 0.004}},
    "junk_caught": {"en": {"link_spam": 1.0}, "zh": {"menus": 0.8, "link_spam": 0.995}},
    "rules": {
        "few_han": {
            "trusted_loss": 0.05,
            "junk_caught": 0.4,
            "sources": {"lunyu": 0.1, "pep20": 0.004},
            "junk": {"zh": {"menus": 0.8}},
            "examples": {"lunyu": [{"id": "lunyu:7", "text": "<b>温故而知新</b>"}]},
        },
        "idle": {"trusted_loss": 0.0, "junk_caught": 0.0, "sources": {}, "junk": {}, "examples": {}},
    },
}
"""Of `openba quality-report`."""
METRICS: dict[str, dict[str, int]] = {
    "quality": {
        **{f"histogram/characters/en/{index}": number for index, number in ((7, 5), (8, 2))},
        **{f"histogram/characters/zh/{index}": number for index, number in ((6, 3), (8, 3))},
        **{f"histogram/letter_ratio/en/{index}": 7 for index in (48,)},
        **{f"histogram/han_ratio/zh/{index}": number for index, number in ((5, 1), (41, 5))},
        **{f"histogram/perplexity/zh/{index}": number for index, number in ((15, 4), (17, 2))},
    },
    "dedup": {"clusters/2": 31, "clusters/3": 7, "clusters/12": 1, "candidates": 40},
    "privacy": {
        **{"found/email/en": 3, "found/email/zh": 14, "found/phone_cn/zh": 9},
        **{"found/email/source/pep20": 3, "found/email/source/lunyu": 14, "found/phone_cn/source/lunyu": 9},
    },
}


def build_corpus(run: Path) -> None:
    """Writes the corpus steps' manifests and rejected documents, and the shard manifest."""
    before = hashlib.sha256(b"corpus").hexdigest()
    for step, documents in STEPS.items():
        _write_step(run / step, step, documents, before)
        before = sha256(run / step / "manifest.json")
    write_json(run / "shards" / "shards.json", shard_manifest().model_dump(mode="json"))


def build_training(run: Path) -> None:
    """Writes the training logs: 60 steps in two stages, evaluated at the start and after each."""
    lines = [
        {"step": step, "stage": "ul2" if step <= 40 else "length", "loss": 9.0 - step / 20, "learning_rate": 0.002 / step**0.5,
         "tokens": 4096 * step, "tokens_by_set": {"en": 4096 * step}, "gradient_norm": 1.0}
        for step in range(1, 61)
    ]  # fmt: skip
    evaluations = [
        {"step": step, "stage": stage, "losses": {"en": 9.0625 - step / 16, "zh": 8.5 - step / 20}}
        for step in (0, 40, 60)
        for stage in ("ul2", "length")
    ]
    _write_lines(run / "train" / "metrics.jsonl", lines)
    _write_lines(run / "train" / "evaluation.jsonl", evaluations)


def shard_manifest() -> ShardManifest:
    """Two stream sets of two sources."""
    nothing = File(path="none", sha256=hashlib.sha256(b"").hexdigest(), bytes=0)
    model = nothing.model_copy(update={"path": "tokenizer.model"})
    vocabulary = Vocabulary(model=model, pieces=8000, size=8103, padded=8192)

    def tokens(name: Language, sources: dict[str, int], budget: int | None, unigram: float) -> TokenSet:
        shares = [
            SourceShare(name=key, documents=7, tokens=value, available_tokens=value, epochs=1.25)
            for key, value in sources.items()
        ]
        whole = sum(sources.values())
        return TokenSet(
            name=name,
            language=name,
            kind="stream",
            tokens=whole,
            rows=7,
            documents=14,
            shard_tokens=whole,
            shards=(Shard(file=nothing, tokens=whole),),
            sources=tuple(shares),
            budget=budget,
            unigram_entropy=unigram,
        )

    sets = {
        "en": tokens("en", {"pep20": 1_200_345, "peps": 700_000}, 1_900_000, 6.789),
        "zh": tokens("zh", {"lunyu": 1_899_123}, 1_900_000, 7.123),
    }
    heldout = {
        "en": tokens("en", {"pep20": 9_000}, None, 6.5),
        "zh": tokens("zh", {"lunyu": 8_000}, None, 6.9),
    }
    return ShardManifest(
        fingerprint=hashlib.sha256(b"shards").hexdigest(), vocabulary=vocabulary, sets=sets, heldout=heldout
    )


def _write_lines(file: Path, lines: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _write_step(folder: Path, step: str, documents: list[Document], before: str) -> None:
    kept = _write_part(
        folder, "part-00000.arrow", IDENTIFIED, step, [item for item in documents if not item.reason]
    )
    rejected = _write_part(
        folder, "rejected/part-00000.arrow", REJECTED, step, [item for item in documents if item.reason]
    )
    keys = [_write_keys(folder, documents)] if step == "dedup" else []
    numbers = Counter((item.source, item.language, item.reason) for item in documents)
    counts = tuple(
        Count(
            source=key[0], language=key[1], reason=key[2], documents=numbers[key], bytes=1000 * numbers[key]
        )
        for key in sorted(numbers)
    )
    manifest = StepManifest(
        step=step,
        step_version=1,
        fingerprint=hashlib.sha256(step.encode()).hexdigest(),
        input_sha256=before,
        settings=SETTINGS.get(step, {}),
        documents_in=len(documents),
        documents_kept=kept.rows,
        counts=counts,
        metrics=METRICS.get(step, {}),
        parts=(
            Part(
                index=0,
                kept=kept,
                rejected=rejected,
                documents_in=len(documents),
                counts=counts,
                metrics=METRICS.get(step, {}),
            ),
        ),
        files=tuple(keys),
    )
    write_json(folder / "manifest.json", manifest.model_dump(mode="json"))


def _write_keys(folder: Path, documents: list[Document]) -> File:
    """Sketches of which the duplicates share seven bins of eight with all others."""
    path = folder / "keys" / "part-00000.arrow"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"id": _row(item, "dedup")["id"], "sketch": bytes([*[1] * 7, 2 if item.reason else 1])}
        for item in documents
    ]
    table = pa.Table.from_pylist(rows, schema=pa.schema({"id": pa.string(), "sketch": pa.binary(8)}))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return File(
        path="keys/part-00000.arrow", sha256=sha256(path), bytes=path.stat().st_size, rows=len(documents)
    )


def _write_part(folder: Path, name: str, schema: pa.Schema, step: str, documents: list[Document]) -> File:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_table(pa.Table.from_pylist([_row(item, step) for item in documents], schema=schema))
    return File(path=name, sha256=sha256(path), bytes=path.stat().st_size, rows=len(documents))


def name_of(text: str) -> str:
    """The id of the document that had this text at first."""
    return hashlib.md5(text.encode()).hexdigest()


def _row(item: Document, step: str) -> dict[str, Any]:
    values = {
        "id": name_of(item.was or item.text),
        "text": item.text,
        "source": item.source,
        "hash": bytes.fromhex(name_of(item.was or item.text)),
        "language": item.language,
    }
    return {**values, "step": step, "reason": item.reason, "detail": item.detail}
