"""MB of text for each CPU second of the passes over it, by language, on the documents of a finished run.

    python -m benchmarks.pass_speeds runs/shared

Each pass in this process, after a warm-up, ``ROUNDS`` times: the best round, for what others do to the caches
only ever costs time, and the worst one.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sentencepiece

from benchmarks.ours import MANIFEST, ROUNDS, signals_of, speeds
from manifests.border.arrow_files import read_batches
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from pipeline.models.tokenizer import Tokenizer
from pipeline.runtime.batch_result import BatchPosition
from pipeline.steps.language.language_step import IdentifyLanguage
from pipeline.steps.privacy.detect import detect
from pipeline.steps.privacy.scrub import scrub
from pipeline.steps.privacy.windows import whole_documents
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.contamination.ngram_index import NgramIndex
from pipeline.text.similarity.minhash import fingerprints, permutations

LANGUAGES = ("en", "zh", "code")
Pass = Callable[[pa.RecordBatch], object]


def documents(folder: Path, column: str) -> dict[str, list[pa.RecordBatch]]:
    """The kept documents of a step, by what ``column`` says of them."""
    found = defaultdict(list)
    for path in sorted(folder.glob("part-*.arrow")):
        for batch in read_batches(path):
            for value in pc.unique(batch.column(column)).to_pylist():
                mask = pc.equal(batch.column(column).cast(pa.string()), value)
                found[value.removesuffix("_pypi")].append(batch.filter(mask))
    return found


def passes(run: Path, corpus: CorpusManifest) -> Iterator[tuple[str, str, Pass]]:
    """Name, the step whose documents it is done on, and the pass."""
    code = tuple(source.name for source in corpus.sources if source.kind == "code")
    language = IdentifyLanguage((MANIFEST.parent / corpus.language.model).resolve(), corpus.language, code)
    language.setup()
    where = BatchPosition(0, 0)
    yield "language", "ingest", lambda batch: language.process(batch, where)
    yield "quality signals", "quality", signals_of
    (model,) = (run / "quality" / "tokenizer").glob("*.model")
    tokenizer, library = Tokenizer(model), sentencepiece.SentencePieceProcessor(str(model))
    yield "unigram encode", "quality", lambda batch: tokenizer.encode(batch.column("text"))
    yield (
        "SentencePiece itself",
        "quality",
        lambda batch: library.Encode(batch.column("text").to_pylist(), return_type="numpy", num_threads=1),
    )
    parameters = permutations(corpus.dedup.bands * corpus.dedup.rows, corpus.dedup.seed)
    yield "shingles and MinHash", "quality", lambda batch: fingerprints(batch.column("text"), parameters)
    yield "privacy, find", "dedup", lambda batch: _find(batch, frozenset(corpus.privacy.actions))
    yield "privacy, find and replace", "dedup", lambda batch: scrub(batch.column("text"), corpus.privacy)
    (index,) = (run / "decontaminate" / "index").glob("*.npy")
    ngrams = NgramIndex.load(index)
    yield "decontamination", "privacy", lambda batch: ngrams.all_hits(batch.column("text"))


def _find(batch: pa.RecordBatch, kinds: frozenset[Any]) -> np.ndarray:
    buffers = text_buffers(batch.column("text"))
    return detect(buffers, whole_documents(buffers, np.arange(batch.num_rows)), kinds)


def main() -> int:
    run = Path(sys.argv[1])
    steps: Mapping[str, Any] = {
        step: documents(run / step, "source" if step == "ingest" else "language")
        for step in ("ingest", "quality", "dedup", "privacy")
    }
    print(
        f"| MB of text a CPU second: best (worst) of {ROUNDS} | {' | '.join(LANGUAGES)} |\n|---|--:|--:|--:|"
    )
    for name, step, work in passes(run, load(MANIFEST, CorpusManifest)):
        found = (speeds(work, steps[step][language]) for language in LANGUAGES)
        print(f"| {name} | " + " | ".join(f"{best:.0f} ({worst:.0f})" for best, worst in found) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
