"""Which documents of a finished run are near duplicates of any text: datasketch's LSH on our signatures,
which are its values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasketch import MinHash, MinHashLSH

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import check
from manifests.files import safe_join
from manifests.redaction import is_redacted
from manifests.schema.base import load
from manifests.schema.dedup import DedupSettings
from manifests.schema.documents import INGESTED
from manifests.schema.steps import StepManifest
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.dedup.signatures import schema
from pipeline.text.arrow.fixed_width import byte_rows
from pipeline.text.similarity.minhash import band_keys, fingerprints, permutations
from pipeline.text.similarity.one_permutation import agreement


@dataclass(frozen=True)
class Near:
    """A document that came to the dedup step. ``similarity``: its Jaccard similarity to the text by the
    sketches of both, as dedup measures it; ``minhash``: the same by datasketch's signatures."""

    id: str
    similarity: float
    minhash: float
    text: str


def near(run: Path, text: str) -> list[Near]:
    """All documents in a bucket of the LSH with the text, the most similar first; those below the run's
    ``dedup.similarity`` as well.

    A document that shares no band with the text is in none of its buckets. So only those that do, told by the
    run's stored keys, are put into the LSH: memory grows with the answer and not with the run.

    Raises:
        PipelineError: the run has no finished dedup step, or a text in which there is nothing to compare.
        ManifestError: its manifest is not valid.
    """
    manifest = _manifest(run)
    settings = DedupSettings.model_validate(manifest.settings["dedup"])
    signatures, sketches = _fingerprints(pa.array([text]), settings)
    if not sketches.any():
        raise PipelineError("near: the text has no letter or digit; give one with words in it")
    wanted = band_keys(signatures, settings.bands, settings.rows)[0]
    index = MinHashLSH(num_perm=signatures.shape[1], params=(settings.bands, settings.rows))
    known: dict[str, tuple[MinHash, float, str]] = {}
    for ids, texts, theirs in _sharing_a_band(run, manifest, wanted):
        values = _fingerprints(texts, settings)[0]
        equal, filled = agreement(np.repeat(sketches, len(theirs), 0), theirs).astype(np.int64)
        shares = (equal / np.maximum(filled, 1)).tolist()
        for name, value, share, found in zip(ids.to_pylist(), values, shares, texts.to_pylist(), strict=True):
            known[name] = (_minhash(value, settings), share, found)
            index.insert(name, known[name][0])
    query = _minhash(signatures[0], settings)
    found = [
        Near(name, known[name][1], float(query.jaccard(known[name][0])), known[name][2])
        for name in index.query(query)
    ]
    return sorted(found, key=lambda one: (-one.similarity, one.id))


def _manifest(run: Path) -> StepManifest:
    path = run / "dedup" / "manifest.json"
    if not path.exists():
        raise PipelineError(f"near: {run} has no finished dedup step; run `openba dedup` there first")
    if is_redacted(run, "dedup", "keys"):
        raise PipelineError(
            f"near: {run} was redacted: its documents and their keys are gone; ask another run"
        )
    return load(path, StepManifest)


def _fingerprints(texts: pa.Array, settings: DedupSettings) -> tuple[np.ndarray, np.ndarray]:
    parameters = permutations(settings.bands * settings.rows, settings.seed)
    return fingerprints(texts, parameters, settings.shingle_words, settings.shingle_characters)


def _minhash(values: np.ndarray, settings: DedupSettings) -> MinHash:
    return MinHash(num_perm=len(values), seed=settings.seed, hashvalues=values, scheme="affine32")


def _sharing_a_band(
    run: Path, manifest: StepManifest, wanted: np.ndarray
) -> Iterator[tuple[pa.Array, pa.Array, np.ndarray]]:
    """Ids, texts and sketches, part by part, of the documents of which a band is the text's."""
    before = run / manifest.input_step
    inputs = load(before / "manifest.json", StepManifest).parts
    keys = [file for file in manifest.files if file.path.startswith("keys/")]
    for part, file in zip(inputs, keys, strict=True):
        path = safe_join(run / "dedup", file.path)
        table = open_table(path, schema(len(wanted)), ["id", "bands", "sketch"])
        bands = table["bands"].combine_chunks().flatten().to_numpy().reshape(-1, len(wanted) + 1)
        rows = pa.array(np.flatnonzero((bands[:, :-1] == wanted).any(axis=1)))
        if len(rows):
            some = table.select(["id", "sketch"]).take(rows).combine_chunks()
            texts = _texts(safe_join(before, part.kept.path), len(table)).take(rows)
            sketches = byte_rows(some["sketch"].combine_chunks())
            yield some["id"].combine_chunks(), texts["text"].combine_chunks(), sketches


def _texts(path: Path, documents: int) -> pa.Table:
    """The texts of a part with so many documents."""
    found = open_table(path, INGESTED, ["text"])
    check(len(found) == documents, path, f"holds {len(found)} documents, and its keys are of {documents}")
    return found
