"""Docstrings as Markdown."""

from __future__ import annotations

import re


def markdown(text: str) -> str:
    """Paragraphs of a docstring: literals have one backtick, lines are joined, and brackets outside of
    literals are text."""
    paragraphs = re.split(r"\n\s*\n", text.strip().replace("``", "`"))
    pieces = re.split(r"(`[^`]*`)", "\n\n".join(" ".join(lines.split()) for lines in paragraphs))
    return "".join(piece if number % 2 else _plain(piece) for number, piece in enumerate(pieces))


def _plain(text: str) -> str:
    return re.sub(r"([<>\[\]{}])", r"\\\1", text)
