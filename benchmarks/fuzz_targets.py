"""What is fuzzed, and what must hold whatever the bytes are: every reader and every kernel takes any input to its
end, with a document or a reject for it, and without an error that is not for the user."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.check import check
from manifests.errors import UserError
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.instructions import InstructionSource
from manifests.schema.sources import IngestSettings, Source
from pipeline.models.fasttext_file import load_model
from pipeline.readers.input_files import InputFile
from pipeline.runtime.batch_result import BatchPosition
from pipeline.steps.dedup.canonical_url import canonical_urls, url_keys
from pipeline.steps.ingest.find_files import Found
from pipeline.steps.ingest.ingest_step import MakeDocuments
from pipeline.steps.ingest.part_plan import plan_parts
from pipeline.steps.ingest.part_reader import PartReader
from pipeline.steps.privacy.scrub import scrub
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_readers import records
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.quality_signals.line_borders import line_borders
from pipeline.text.quality_signals.prose import prose, samples
from pipeline.text.quality_signals.signals import measure
from pipeline.text.similarity.minhash import fingerprints, permutations
from pipeline.text.similarity.paragraphs import paragraphs
from pipeline.text.similarity.shingles import shingles
from pipeline.text.splitting.long_texts import split
from pipeline.text.unicode.repair import repair
from pipeline.text.unicode.script import code_marks, script_counts
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS

Target = Callable[[bytes], None]
LIMIT = 100_000
"""Bytes of a document that are read."""
SUFFIXES = {
    "jsonl": (".jsonl", ".json", ".jsonl.gz", ".jsonl.zst", ".jsonl.bz2", ".jsonl.xz"),
    "text": (".txt", ".txt.gz"),
    "tree": (".py",),
    "parquet": (".parquet",),
    "arrow": (".arrow",),
    "html": (".html",),
    "warc": (".warc", ".warc.gz", ".warc.zst"),
}
INSTRUCTIONS = ("jsonl", "turns", "dialogue", "tagged", "docstrings")
CORPUS = Path(__file__).parents[1] / "manifests" / "presets" / "smallest" / "corpus.yaml"


def _written(data: bytes, suffix: str, folder: str) -> Path:
    path = Path(folder) / f"input{suffix}"
    path.write_bytes(data)
    return path


def _documents(source: Source, file: InputFile) -> pa.Table:
    """Ingest of a file, the documents that were kept and then the rejected."""
    settings = IngestSettings(max_document_bytes=LIMIT, max_words=200)
    found = [Found(((f"input{file.suffix}", file),))]
    make = MakeDocuments((source,), settings)
    kept, rejected = [], []
    for part, pieces in enumerate(plan_parts((source,), found, 1 << 30)):
        for index, batch in enumerate(PartReader((source,), tuple(pieces), LIMIT)):
            result = make.process(batch, BatchPosition(part, index))
            kept.append(result.kept)
            rejected.append(result.rejected)
    names = ["id", "text"]
    return pa.concat_tables(
        [pa.Table.from_batches([batch]).select(names) for batch in (*kept, *rejected) if batch.num_rows]
        or [pa.table({name: pa.array([], pa.string()) for name in names})]
    )


def reader(form: str, suffix: str, kind: str = "prose", document: str = "file") -> Target:
    """Ingest of a file of one format: ids are unique, texts are UTF-8 of bounded length."""
    source = Source.model_validate(
        {"name": "fuzz", "path": ".", "format": form, "kind": kind, "document": document}
    )

    def target(data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            file = InputFile.of(_written(data, suffix, folder))
            try:
                whole = _documents(source, file)
            except UserError:
                return
        ids = whole.column("id")
        assert len(pc.unique(ids)) == len(ids), "an id comes twice"
        whole.column("text").combine_chunks().validate(full=True)

    return target


def instructions(form: str) -> Target:
    """Records of an instruction source: of one schema, their texts UTF-8."""
    template = {"name": "t", "prompt": "{text}", "target": "x"}
    content = {"name": "fuzz", "path": ".", "format": form, "language": "en", "templates": [template]}
    source = InstructionSource.model_validate(content)

    def target(data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            path = _written(data, ".jsonl" if form in ("jsonl", "turns") else ".txt", folder)
            try:
                for batch in records(source, path, Scrubber(PLACEHOLDERS)):
                    batch.validate(full=True)
            except UserError:
                return

    return target


def manifest(data: bytes) -> None:
    """A manifest is valid or refused in words."""
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        try:
            check(_written(data, ".yaml", folder))
        except UserError:
            return


def fasttext_model(data: bytes) -> None:
    """A model file is loaded or refused in words."""
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        try:
            load_model(_written(data, ".bin", folder))
        except (UserError, ValueError):
            return


def _texts(data: bytes) -> pa.StringArray:
    """The texts of an input, cut at form feeds, in the middle of a larger buffer, as slices lie."""
    text = data.decode("utf-8", errors="replace")
    return pa.array(["before", *text.split("\f"), "", "behind"], pa.string())[1:-1]


def signals(data: bytes) -> None:
    """Quality signals, prose, samples and the borders of lines."""
    texts = _texts(data)
    found = measure(texts, np.arange(len(texts)) % 2 == 0)
    assert {values.shape for values in found.values()} == {(len(texts),)}
    for made in (prose(texts), prose(texts, markup=True), samples(texts, 100)):
        made.validate(full=True)
        assert len(made) == len(texts)
    line_borders(text_buffers(texts))


def similarity(data: bytes) -> None:
    """Shingles, signatures and paragraphs."""
    texts = _texts(data)
    assert len(shingles(texts)[1]) == len(texts) + 1
    signatures, sketches = fingerprints(texts, _permutations())
    assert len(signatures) == len(sketches) == len(texts)
    hashes, spans, starts = paragraphs(texts, np.zeros(len(texts), bool), 3)
    assert starts[-1] == len(hashes) == spans.shape[1]
    assert (spans[0] <= spans[1]).all()


def splitting(data: bytes) -> None:
    """Pieces end to end are the text, whatever it is."""
    texts = _texts(data)
    for is_prose in (True, False):
        pieces, origin = split(texts, np.ones(len(texts), bool), 100, is_prose)
        joined = ["" for _ in texts]
        for piece, number in zip(pieces.to_pylist(), origin.tolist(), strict=True):
            joined[number] += piece
        assert joined == texts.to_pylist(), "pieces end to end are not the text"


def characters(data: bytes) -> None:
    """Repair, scripts, marks of program text."""
    texts = _texts(data)
    repaired = repair(texts).texts
    repaired.validate(full=True)
    assert len(repaired) == len(texts)
    assert (script_counts(texts) >= 0).all()
    assert np.isfinite(code_marks(texts)).all()


def privacy(data: bytes) -> None:
    """A second look finds nothing that the first has left."""
    settings = load(CORPUS, CorpusManifest).privacy
    once = scrub(_texts(data), settings).texts
    once.validate(full=True)
    assert scrub(once, settings).texts.equals(once), "scrubbing again changes the text"


def addresses(data: bytes) -> None:
    """Canonical addresses and their keys."""
    once = canonical_urls(_texts(data))
    once.validate(full=True)
    assert len(url_keys(once)) == len(once)


@cache
def _permutations() -> np.ndarray:
    return permutations(112, 1)


@cache
def _memory() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


TARGETS: dict[str, Target] = {
    **{f"{form}{suffix}": reader(form, suffix) for form in SUFFIXES for suffix in SUFFIXES[form]},
    "text.line": reader("text", ".txt", document="line"),
    "text.paragraph": reader("text", ".txt.gz", document="paragraph"),
    "tree.code": reader("tree", ".py", kind="code"),
    **{f"instructions.{form}": instructions(form) for form in INSTRUCTIONS},
    **{one.__name__: one for one in (manifest, fasttext_model, signals, similarity, splitting, characters)},
    "privacy": privacy,
    "addresses": addresses,
}
