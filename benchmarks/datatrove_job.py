"""datatrove's side of ``bench_corpus``. Runs in datatrove's own environment: nothing of ours is imported.

The blocks and their settings are those of datatrove's examples (fineweb.py, minhash_deduplication.py,
tokenize_c4.py), with each language's own word splitter. Two things are different, so that both sides work on
the same documents: what a filter decides is not carried out (its thresholds for web pages would reject most
of this documentation, and what follows would have nothing to do), and the documents that go on are those that
our quality rules kept.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.logging import logger


class Decide(PipelineStep):
    """Asks filters about every document, and lets exactly the documents of ``keep`` pass, unchanged."""

    def __init__(self, filters: list[Any], keep: set[str]) -> None:
        super().__init__()
        self.filters = filters
        self.keep = keep

    def run(self, data: Iterator[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for document in data:
            text = document.text
            for block in self.filters:
                block.filter(document)
                document.text = text
            if document.id in self.keep:
                yield document


def quality_filters(language: str) -> list[Any]:
    """As in examples/fineweb.py."""
    return [
        GopherRepetitionFilter(language=language),
        GopherQualityFilter(language=language),
        C4QualityFilter(filter_no_terminal_punct=False, language=language),
        FineWebQualityFilter(language=language),
    ]


def chain(job: dict[str, Any]) -> None:
    """Read, identify, filter, deduplicate, scrub and tokenise each file. Program text is neither identified
    nor filtered: there are no blocks for it."""
    keep = set(json.loads(Path(job["keep"]).read_text(encoding="utf-8")))
    for source, file in job["files"].items():
        language = "zh" if source == "zh" else "en"
        folder = f"{job['work']}/{source}"
        filters = (
            []
            if source.startswith("code")
            else [LanguageFilter(languages=[language]), *quality_filters(language)]
        )
        config = MinhashConfig()
        signature = MinhashDedupSignature(f"{folder}/signatures", config, language=language)
        stages: list[tuple[int, list[Any]]] = [
            (
                1,
                [
                    JsonlReader(job["sample"], glob_pattern=file),
                    Decide(filters, keep),
                    JsonlWriter(f"{folder}/filtered"),
                ],
            ),
            (1, [JsonlReader(f"{folder}/filtered"), signature]),
            (
                config.num_buckets,
                [MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config)],
            ),
            (1, [MinhashDedupCluster(f"{folder}/buckets", f"{folder}/remove", config=config)]),
            (
                1,
                [
                    JsonlReader(f"{folder}/filtered"),
                    MinhashDedupFilter(f"{folder}/remove"),
                    PIIFormatter(),
                    DocumentTokenizer(
                        f"{folder}/tokens", tokenizer_name_or_path=job["tokenizer"], eos_token="</s>"
                    ),
                ],
            ),
        ]
        for tasks, pipeline in stages:
            LocalPipelineExecutor(
                pipeline, tasks=tasks, workers=1, logging_dir=f"{folder}/logs/{pipeline[-1].name}"
            ).run()


def steps(job: dict[str, Any]) -> dict[str, float]:
    """MB of text per CPU second of single blocks over the sample's documents (program text left out of the
    filters and the identifier)."""
    seconds = dict.fromkeys(("signals", "minhash", "privacy", "language"), 0.0)
    sizes = dict.fromkeys(seconds, 0)
    for source, file in job["files"].items():
        language = "zh" if source == "zh" else "en"
        documents = list(JsonlReader(job["sample"], glob_pattern=file).run())
        identify, pii = LanguageFilter(languages=[language]), PIIFormatter()
        signature = MinhashDedupSignature(f"{job['work']}/steps", language=language)
        decide = Decide(quality_filters(language), set())
        blocks: dict[str, Callable[[Any], object]] = {
            "minhash": lambda document, block=signature: _signature(block, document.text),  # type: ignore[misc]
            "privacy": lambda document, block=pii: block.format(document.text),  # type: ignore[misc]
        }
        if not source.startswith("code"):
            blocks["language"] = identify.filter
            blocks["signals"] = lambda document, block=decide: list(block.run(iter([document])))  # type: ignore[misc]
        warm = Document(text="The quick brown fox jumps over the lazy dog. 他去哪儿了？\n" * 20, id="warm-up")
        for name, work in blocks.items():
            work(warm)
            started = time.process_time()
            for document in documents:
                work(document)
            seconds[name] += time.process_time() - started
            sizes[name] += sum(len(document.text.encode()) for document in documents)
    return {name: sizes[name] / 1e6 / seconds[name] for name in seconds}


def _signature(block: Any, text: str) -> object:
    shingles = block.get_shingles(text)
    return block.get_signature(shingles) if len(shingles) else None


if __name__ == "__main__":
    logger.remove()
    settings = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    if sys.argv[1] == "chain":
        chain(settings)
    else:
        Path(settings["out"]).write_text(json.dumps(steps(settings)), encoding="utf-8")
