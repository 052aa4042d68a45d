"""One sound file, small, of each format of run folders, checkpoints and exports, and how the program reads
it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import save_file

from benchmarks.source_samples import TEXTS, Sample
from curriculum.journal import Journal
from curriculum.journal_events import Begun, Rollback
from manifests.border.arrow_files import read_batches
from manifests.border.logs import read_evaluations, read_metrics
from manifests.schema.base import load
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.dedup import DedupSettings
from manifests.schema.documents import DEDUPED, MEASURED
from manifests.schema.shards import Shard, ShardManifest, TokenSet
from manifests.schema.signals import SIGNALS
from manifests.schema.steps import File, StepManifest
from pipeline.models.perplexity.kneser_ney import estimate
from pipeline.models.perplexity.scorer import PerplexityScorer
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.key_file import KeyFile, write_keys
from pipeline.steps.dedup.buckets import Ranges
from pipeline.steps.dedup.clusters import WriteOriginals
from pipeline.steps.dedup.document_ids import Sketches, document_ids, names
from pipeline.steps.dedup.group_files import PAIR, ranks_of, survivors_of
from pipeline.steps.dedup.priority import ByPriority, WriteRanks, WriteSplitters, reduce_priority
from pipeline.steps.dedup.shuffle import Bands, Exact, Paragraphs
from pipeline.steps.dedup.signatures import ComputeSignatures
from pipeline.text.arrow.text_hashes import hashes
from pipeline.text.contamination.ngram_index import NgramIndex, build_index
from trainer.checkpoint.slice_files import SLICES, SliceReader
from trainer.data.dataset import PairTable, TokenStream
from trainer.export.safetensors_files import Tensors
from trainer.tensor_file import write_tensors

DOCUMENTS = len(TEXTS)
CURRICULUM = Path(__file__).parents[1] / "manifests" / "presets" / "demo" / "curriculum.yaml"


def run_samples(folder: Path) -> Iterator[Sample]:
    """Of the files of a run."""
    signatures = ComputeSignatures(DedupSettings(), ("s",))
    signatures.setup()
    yield _file(folder / "documents.arrow", _documents(), _read_documents)
    keys = signatures.process(_documents(), BatchPosition(0, 0))
    yield _file(folder / "keys.arrow", keys, _read_keys)
    tokens = pa.array([[number % 300, 5, 7] for number in range(DOCUMENTS)], pa.list_(pa.uint32()))
    yield _file(folder / "stream.arrow", pa.record_batch({"tokens": tokens}), _read_stream)
    pairs = pa.record_batch({"prompt": tokens, "target": tokens})
    yield _file(folder / "pairs.arrow", pairs, _read_pairs)
    ranks = np.stack([np.arange(DOCUMENTS, dtype=np.uint64)] * 2)
    np.save(folder / "ranks.npy", ranks)
    np.save(folder / "survivors.npy", ranks[0] // 2 * 2)
    found = np.array([(0, 1), (2, 3)], PAIR)
    (folder / "pairs.bin").write_bytes(found.tobytes())
    yield _sample(folder / "ranks.npy", lambda path: ranks_of(path, DOCUMENTS))
    yield _sample(folder / "survivors.npy", lambda path: survivors_of(path, DOCUMENTS))
    yield _sample(folder / "pairs.bin", lambda path: WriteOriginals(4, (path,))(0, path.with_suffix(".out")))
    write_keys(folder / "shuffled.bin", [(0, b"abcd"), (2, b"ef"), (0, b"gh")], 3)
    yield _sample(folder / "shuffled.bin", _read_key_file)
    index = build_index(pa.array(TEXTS * 2), np.zeros(2 * DOCUMENTS, np.int64), 5, 8, 90, 0.9)
    index.save(folder / "ngrams.npy")
    yield _sample(folder / "ngrams.npy", _read_index)
    flat = tokens.flatten().to_numpy()
    estimate(flat, np.arange(0, len(flat) + 1, 3), 3, folder / "model.ngrams")
    yield _sample(folder / "model.ngrams", lambda path: PerplexityScorer(path).score(tokens))


def training_samples(folder: Path, run: Path) -> Iterator[Sample]:
    """Of manifests, which are those of a finished ``run``, logs, checkpoints and exports."""
    for name, kind in (("dedup/manifest.json", StepManifest), ("shards/shards.json", ShardManifest)):
        data = (run / name).read_bytes()
        yield Sample(name, ".json", data, partial(_load, kind))
    line = {
        "step": 1,
        "stage": "ul2",
        "loss": 9.5,
        "learning_rate": 0.1,
        "tokens": 9,
        "tokens_by_set": {"en": 9},
    }
    yield Sample("metrics", ".jsonl", _lines(line), lambda path: _done(read_metrics(path)))
    losses = {"step": 1, "stage": "ul2", "losses": {"en": 9.5}}
    yield Sample("evaluation", ".jsonl", _lines(losses), lambda path: _done(read_evaluations(path)))
    yield _sample(_journal(folder / "journal.jsonl"), Journal)
    weights = {"weights.a": [40], "weights.b": [9]}
    notes = {SLICES: json.dumps({name: [0, *shape] for name, shape in weights.items()})}
    write_tensors(folder / "weights.safetensors", weights, lambda name: torch.ones(weights[name]), notes)
    yield _sample(folder / "weights.safetensors", _read_slices)
    save_file({name: torch.ones(shape) for name, shape in weights.items()}, folder / "model.safetensors")
    yield _sample(folder / "model.safetensors", _read_export)


def _load(kind: type[StepManifest] | type[ShardManifest], path: Path) -> int:
    return _done(load(path, kind))


def _done(found: object) -> int:
    return 0


def _journal(path: Path) -> Path:
    """A journal of a beginning and five rollbacks."""
    journal = Journal(path)
    journal.append(Begun(curriculum=load(CURRICULUM, CurriculumManifest), shards="0" * 64))
    for step in range(9, 14):
        journal.append(Rollback(step=step, to=3, reason="the loss rose"))
    return path


def _lines(line: dict[str, object]) -> bytes:
    return (json.dumps(line) + "\n").encode() * 5


def _sample(path: Path, read: Callable[[Path], object]) -> Sample:
    return Sample(path.name, path.suffix, path.read_bytes(), lambda changed: _done(read(changed)))


def _file(path: Path, batch: pa.RecordBatch, read: Callable[[Path], object]) -> Sample:
    with pa.ipc.new_file(path, batch.schema) as writer:
        writer.write_batch(batch)
    return _sample(path, read)


def _documents() -> pa.RecordBatch:
    signals = dict.fromkeys(SIGNALS, 1.0)
    texts = pa.array(TEXTS)
    rows = [
        {"id": f"s:{number}", "text": text, "source": "s", "language": "en", "signals": signals}
        | {"tokens_at": number, "duplicates": 1, "hash": hash_, "meta": "{}"}
        for number, (text, hash_) in enumerate(zip(TEXTS, hashes(texts).to_pylist(), strict=True))
    ]
    return pa.RecordBatch.from_pylist(rows, schema=DEDUPED)


def _read_documents(path: Path) -> None:
    signatures = ComputeSignatures(DedupSettings(), ("s",))
    signatures.setup()
    for batch in read_batches(path, MEASURED, DEDUPED):
        hashes(batch.column("text"))
        signatures.process(batch, BatchPosition(0, 0))


def _read_keys(path: Path) -> None:
    known, ranks = document_ids([], [path]), path.with_suffix(".npy")
    WriteSplitters(known, 1)(0, path.with_suffix(".splitters"))
    emit = ByPriority(known, path.with_suffix(".splitters"), Ranges(known.documents))
    ordered = path.with_suffix(".ordered")
    ordered.write_bytes(reduce_priority(0, [payload for _, payload in emit(0, path)]))
    WriteRanks(known, (), (ordered,))(0, ranks)
    np.save(path.with_suffix(".own.npy"), np.arange(known.documents, dtype=np.uint64))
    for kind in (Exact, Bands, Paragraphs):
        list(kind(known, ranks, path.with_suffix(".own.npy"))(0, path))
    numbers = np.arange(known.documents)
    Sketches(known).take(numbers)
    names(known, numbers)


def _read_key_file(path: Path) -> None:
    with KeyFile(path, 3, 0, 3) as keys:
        for bucket in range(3):
            keys.packets(bucket)


def _token_set(path: Path, kind: str, tokens: int) -> TokenSet:
    file = File(path=path.name, sha256="", bytes=0, rows=DOCUMENTS)
    share = {"name": "s", "documents": DOCUMENTS, "tokens": tokens, "available_tokens": tokens, "epochs": 1.0}
    known: dict[str, object] = {
        "name": "en" if kind == "stream" else "biflan_en",
        "language": "en",
        "kind": kind,
        "tokens": tokens,
    }
    known |= {"rows": DOCUMENTS, "documents": DOCUMENTS, "shard_tokens": tokens, "sources": [share]}
    shards = [Shard(file=file, tokens=tokens)]
    return TokenSet.model_validate(known | {"shards": shards, "budget": None, "unigram_entropy": 1.0})


def _read_stream(path: Path) -> None:
    tokens = 3 * DOCUMENTS
    TokenStream(path.parent, _token_set(path, "stream", tokens)).chunks(np.arange(tokens // 9), 9)


def _read_pairs(path: Path) -> None:
    table = PairTable(path.parent, _token_set(path, "pairs", 6 * DOCUMENTS))
    table.lengths(np.arange(DOCUMENTS))
    prompts, targets = table.pairs(np.arange(DOCUMENTS))
    np.concatenate([*prompts, *targets])


def _read_index(path: Path) -> None:
    index = NgramIndex.load(path)
    texts = pa.array([*TEXTS, "nothing of it is there " * 40])
    index.first_hits(texts)
    index.items_of(index.all_hits(texts).flatten().to_numpy())


def _read_slices(path: Path) -> None:
    reader = SliceReader(path.parent, [path.name], 0)
    reader.read("weights.a", 3, 30)


def _read_export(path: Path) -> None:
    path.rename(path.parent / "model.safetensors")
    tensors = Tensors(path.parent)
    for name in tensors:
        tensors.dtype(name)
        tensors.rows(name, 0, min(tensors.shape(name)[0], 1 << 20) if tensors.shape(name) else 0)
