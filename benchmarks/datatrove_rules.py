"""What datatrove's English filters decide, in their default settings; runs in datatrove's own environment,
see ``rules_agreement``.

    python datatrove_rules.py DOCUMENTS.jsonl.gz DECISIONS.jsonl

One line a document: ``reasons`` by filter (null for a kept one), the ``words`` of datatrove's tokenizer,
number and mean length of those that are not punctuation (``spoken``), and ``sentences``, how many the C4
filter counted on each line that it kept until it had decided.
"""

from __future__ import annotations

import gzip
import json
import sys
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from datatrove.data import Document  # type: ignore[import-not-found]
from datatrove.pipeline.filters import (  # type: ignore[import-not-found]
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    c4_filters,
)
from datatrove.utils.text import PUNCTUATION_SET, split_into_words  # type: ignore[import-not-found]

FILTERS = {
    "gopher_quality": GopherQualityFilter(),
    "gopher_repetition": GopherRepetitionFilter(),
    "fineweb": FineWebQualityFilter(),
    "c4": C4QualityFilter(),
}
counted: list[int] = []
split = c4_filters.split_into_sentences


def sentences(line: str, language: str) -> list[str]:
    """datatrove's own function, which notes what it returned."""
    found: list[str] = split(line, language)
    counted.append(len(found))
    return found


def decide(line: str) -> str:
    record = json.loads(line)
    counted.clear()
    c4_filters.split_into_sentences = sentences
    reasons: dict[str, Any] = {}
    for name, judge in FILTERS.items():
        verdict = judge.filter(Document(text=record["text"], id=record["id"]))
        reasons[name] = None if verdict is True else verdict[1]
    words = split_into_words(record["text"])
    spoken = [len(word) for word in words if any(character not in PUNCTUATION_SET for character in word)]
    found = {"spoken": [len(spoken), sum(spoken) / max(len(spoken), 1)], "sentences": counted}
    return json.dumps({"id": record["id"], "reasons": reasons, "words": words} | found)


def main(documents: Path, decisions: Path) -> None:
    with (
        gzip.open(documents, "rt", encoding="utf-8") as lines,
        decisions.open("w", encoding="utf-8") as out,
        Pool() as pool,
    ):
        for row in pool.imap(decide, lines, chunksize=4):
            out.write(row + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
