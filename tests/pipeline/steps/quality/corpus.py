"""A small bilingual corpus out of the standard library and a public-domain text, as the language step leaves
it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import IDENTIFIED
from manifests.schema.steps import KEPT, Count, Part
from pipeline.runtime.arrow_files import describe, write_batches
from pipeline.runtime.context import StepContext
from pipeline.runtime.engines.open_engine import open_engine

DAODEJING = (
    "道可道，非常道。名可名，非常名。无名天地之始，有名万物之母。\n故常无欲，以观其妙；常有欲，以观其徼。此"
    "两者同出而异名，同谓之玄。",
    "天下皆知美之为美，斯恶已。皆知善之为善，斯不善已。\n故有无相生，难易相成，长短相较，高下相倾，音声相"
    "和，前后相随。",
    "不尚贤，使民不争；不贵难得之货，使民不为盗；不见可欲，使民心不乱。\n是以圣人之治，虚其心，实其腹，弱其"
    "志，强其骨。",
    "天地不仁，以万物为刍狗；圣人不仁，以百姓为刍狗。\n天地之间，其犹橐籥乎？虚而不屈，动而愈出。多言数"
    "穷，不如守中。",
    "上善若水。水善利万物而不争，处众人之所恶，故几于道。\n居善地，心善渊，与善仁，言善信，政善治，事善"
    "能，动善时。夫唯不争，故无尤。",
)


def english() -> list[str]:
    """Some eighty paragraphs of the language reference that comes with Python."""
    from pydoc_data.topics import topics

    found = (part.strip() for text in topics.values() for part in text.split("\n\n"))
    return [part for part in found if len(part) > 200 and not part.startswith((" ", ">"))][:80]


def chinese() -> list[str]:
    """Verses in every pairing: the pieces recur, as news does."""
    return [f"{first}\n{second}" for first in DAODEJING for second in DAODEJING]


def rows(texts: Sequence[str], source: str, language: str | None) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{source}:{index}",
            "text": text,
            "source": source,
            "hash": xxhash.xxh3_128_digest(text.encode()),
            "language": language,
            "language_score": 1.0,
        }
        for index, text in enumerate(texts)
    ]


def manifest(rules: Sequence[dict[str, Any]], **quality: Any) -> CorpusManifest:
    sources = [
        {"name": name, "path": ".", "format": "text", "reference": name.startswith("reference")}
        for name in NAMES
    ]
    return CorpusManifest.model_validate(
        {
            "version": 1,
            "kind": "corpus",
            "name": "test",
            "sources": sources,
            "language": {"model": "none"},
            "quality": {
                "rules": rules,
                "tokenizer": {"pieces": 800, "sample_bytes": 40_000},
                "perplexity": {"order": 3, "estimator": "builtin"},
            }
            | quality,
            "privacy": {"actions": {}},
            "shards": {"budget": {"en": 1}},
        }
    )


NAMES = ("reference-en", "reference-zh", "web")


def write_part(folder: Path, index: int, documents: Sequence[dict[str, Any]]) -> Part:
    """A part of two batches, as the language step would have written it."""
    path = folder / f"part-{index:05d}.arrow"
    (folder / "rejected").mkdir(parents=True, exist_ok=True)
    whole = pa.Table.from_pylist(
        [{name: row.get(name) for name in IDENTIFIED.names} for row in documents], schema=IDENTIFIED
    )
    size = write_batches(path, IDENTIFIED, whole.to_batches(max_chunksize=len(documents) // 2 + 1))
    rejected = folder / "rejected" / path.name
    write_batches(rejected, IDENTIFIED, [])
    counts = Counter((row["source"], row["language"] or "") for row in documents)
    sizes: Counter[tuple[str, str]] = Counter()
    for row in documents:
        sizes[row["source"], row["language"] or ""] += len(row["text"].encode())
    return Part(
        index=index,
        kept=describe(path, folder, size),
        rejected=describe(rejected, folder, 0),
        documents_in=size,
        counts=tuple(
            Count(source=key[0], language=key[1], reason=KEPT, documents=number, bytes=sizes[key])
            for key, number in sorted(counts.items())
        ),
    )


def context(
    folder: Path, corpus: CorpusManifest, parts: Sequence[Sequence[dict[str, Any]]], fingerprint: str = "one"
) -> StepContext:
    before = folder / "language"
    before.mkdir(parents=True, exist_ok=True)
    written = tuple(write_part(before, index, documents) for index, documents in enumerate(parts))
    return StepContext(
        "quality", corpus, folder, folder / "quality", before, written, open_engine("local", 1), fingerprint
    )
