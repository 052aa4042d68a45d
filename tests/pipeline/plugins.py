"""Plug-ins that tests write beside a manifest, as a user would."""

from __future__ import annotations

from pathlib import Path

SHOUTING = '''
import numpy as np
import pyarrow.compute as pc


def capitals(batch):
    """Share of the text's letters that are capitals."""
    texts = batch.column("text").to_pylist()
    return np.array([sum(map(str.isupper, text)) / max(sum(map(str.isalpha, text)), 1) for text in texts])
'''
LETTERS = '''
import csv
import io


def read_csv(file, settings):
    """A document a row; settings: delimiter."""
    with file.open() as stream:
        rows = csv.DictReader(io.TextIOWrapper(stream, "utf-8"), delimiter=settings.get("delimiter", ","))
        for row in rows:
            yield {"text": row["body"], "id": row["number"], "url": row["url"], "meta": {"author": row["author"]}}
'''
SHORTEN = '''
import pyarrow.compute as pc


class Shorten:
    """Keeps the first line of each document; rejects what has none."""

    def __init__(self, settings):
        self._least = settings["least"]

    def process(self, batch):
        first = pc.list_element(pc.split_pattern(batch.column("text"), "\\n"), 0)
        short = pc.less(pc.utf8_length(first), self._least)
        return pc.if_else(short, "first_line_short", None), first


def no_questions(batch, settings):
    """Rejects documents that end in a question mark."""
    return [settings["reason"] if text.endswith("?") else None for text in batch.column("text").to_pylist()]
'''


def write_plugin(folder: Path, name: str, text: str) -> Path:
    """Writes ``name.py`` into the manifest's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path
