"""The development corpus in the benchmarks: its files, and a sample of its documents that is chosen by
hash."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import xxhash

FILES = {"en": "en.jsonl.gz", "zh": "zh.jsonl.gz", "code_pypi": "code_pypi.jsonl.gz"}
"""File by source."""


def text_bytes(folder: Path) -> int:
    """Bytes of text (UTF-8) in the corpus files of a folder."""
    return sum(len(record["text"].encode()) for name in FILES.values() for record in read(folder / name))


def read(file: Path) -> list[dict[str, str]]:
    """The records of a gzip file of JSON lines."""
    with gzip.open(file) as lines:
        return [orjson.loads(line) for line in lines]


def write(file: Path, records: list[dict[str, str]]) -> int:
    """Writes records as gzip JSON lines; returns their bytes of text."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wb", compresslevel=6) as lines:
        lines.writelines(orjson.dumps(record) + b"\n" for record in records)
    return sum(len(record["text"].encode()) for record in records)


def draw(corpus: Path, folder: Path, share: float) -> int:
    """Writes the documents whose id falls into ``share`` to the same files in another folder; returns their
    bytes of text."""
    size = 0
    for name in FILES.values():
        chosen = [
            record
            for record in read(corpus / name)
            if xxhash.xxh3_64_intdigest(record["id"].encode()) < share * 2**64
        ]
        size += write(folder / name, chosen)
    return size
