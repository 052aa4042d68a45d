"""Corpus tokens read, by stage and language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from manifests.border.unsound_file import UnsoundFileError
from manifests.schema.shards import TokenSet


class TokenCounter:
    """Sums up what the lines of ``metrics.jsonl`` say; a resumed run shows it the lines of the steps that it
    keeps."""

    def __init__(self, sets: Mapping[str, TokenSet]) -> None:
        self._languages = {name: tokens.language for name, tokens in sets.items()}
        self._seen: Counter[str] = Counter()
        self._tokens: dict[str, Counter[str]] = {}

    def observe(self, record: dict[str, Any]) -> None:
        """Takes the next line, whose ``tokens_by_set`` counts from the run's beginning."""
        now = Counter(record["tokens_by_set"])
        stage = self._tokens.setdefault(record["stage"], Counter())
        for name, count in (now - self._seen).items():
            if name not in self._languages:
                raise UnsoundFileError(f"metrics.jsonl counts tokens of {name!r}, which is no set of it")
            stage[self._languages[name]] += count
        self._seen = now

    def of(self, stage: str) -> dict[str, int]:
        """Tokens that a stage has read of each language, by name of the language."""
        return dict(sorted(self._tokens.get(stage, {}).items()))
