"""An earlier run's dedup folder as the index that new documents are compared with. Its keys are read; its
texts are never opened.

The global order of documents is: each index in the order of the manifest, then the new run's own. So a
document of an index is always rather kept than a new one, and every number and rank of an index is its own
plus a constant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from pydantic import Field

from manifests.border.arrow_files import row_count, schema_of
from manifests.border.unsound_file import check
from manifests.files import safe_join, sha256, write_json
from manifests.redaction import is_redacted
from manifests.schema.base import ManifestError, Strict, load
from manifests.schema.dedup import DedupSettings
from manifests.schema.steps import File, StepManifest
from pipeline.runtime.arrow_files import describe
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.dedup.document_ids import DocumentIds
from pipeline.steps.dedup.group_files import RANK, blocks, ranks_of, survivors_of
from pipeline.steps.dedup.signatures import schema

INDEX = "index.json"
FILE = "part-00000.npy"
# What two runs must share for their keys to be comparable.
COMPARABLE = (
    "bands",
    "rows",
    "seed",
    "shingle_words",
    "shingle_characters",
    "paragraphs",
    "min_paragraph_characters",
)


class _Known(Strict):
    manifest_sha256: str
    documents: int = Field(ge=0)


class _IndexFile(Strict):
    """What ``write_index`` writes."""

    indexes: tuple[_Known, ...]
    documents: int = Field(ge=0, lt=1 << 48)


@dataclass(frozen=True)
class Index:
    """One earlier run. ``name`` is its folder as the manifest writes it; ``ranges``: first local number and
    manifest hash of the indexes that it was itself compared with; ``own``: first local number of its own
    documents."""

    name: str
    folder: Path
    sha256: str
    ranges: tuple[tuple[int, str], ...]
    own: int
    documents: int
    keys: tuple[Path, ...]

    def ranks(self) -> np.ndarray:
        """Ranks of its own documents, and the documents of these ranks: uint64 [2, documents].

        Raises:
            UnsoundFileError: they are not those of its own documents.
        """
        path = self.folder / "ranks" / FILE
        own = ranks_of(path, self.own + self.documents)[:, self.own :]
        lowest = (int(own[:, begin:end].min()) for begin, end in blocks(self.documents))
        check(min(lowest, default=self.own) >= self.own, path, "has ranks of others before its own")
        return own

    def survivors(self) -> np.ndarray:
        """Of its own documents, by rank: uint64 [documents].

        Raises:
            UnsoundFileError: they are none.
        """
        path = self.folder / "survivors" / FILE
        return np.asarray(survivors_of(path, self.own + self.documents)[self.own :])


def manifest_hash(name: str, folder: Path) -> str:
    """SHA-256 of the manifest of an index, which names the hash of each of its files."""
    try:
        return sha256(folder / "manifest.json")
    except (FileNotFoundError, NotADirectoryError):
        raise PipelineError(
            f"dedup.index: {name} ({folder}) is not the dedup folder of a finished run: it holds no "
            "manifest.json; "
            "name one such as ../old-run/dedup, or finish that run"
        ) from None


def open_index(name: str, folder: Path, settings: DedupSettings, version: int) -> Index:
    """Checks that an index is whole, unchanged and comparable.

    Raises:
        PipelineError: it is not.
    """
    digest = manifest_hash(name, folder)
    try:
        manifest = load(folder / "manifest.json", StepManifest)
    except ManifestError as error:
        raise PipelineError(f"dedup.index: {name}: {error}") from None
    _check_comparable(name, manifest, settings, version)
    _check_files(name, folder, manifest.files)
    content = load(folder / INDEX, _IndexFile)
    firsts = [0, *accumulate(entry.documents for entry in content.indexes)]
    ranges = tuple(
        (first, entry.manifest_sha256) for first, entry in zip(firsts, content.indexes, strict=False)
    )
    keys = tuple(folder / file.path for file in manifest.files if file.path.startswith("keys/"))
    _check_keys(folder, keys, settings, content.documents)
    return Index(name, folder, digest, ranges, firsts[-1], content.documents, keys)


def _check_keys(folder: Path, keys: Sequence[Path], settings: DedupSettings, documents: int) -> None:
    """Types alone: what they hold is checked where it is read."""
    for key in keys:
        schema_of(key, schema(settings.bands))
    rows = sum(map(row_count, keys))
    check(rows == documents, folder / INDEX, f"says {documents} documents, and its keys are of {rows}")


def _check_comparable(name: str, manifest: StepManifest, settings: DedupSettings, version: int) -> None:
    theirs, mine = manifest.settings.get("dedup", {}), settings.model_dump()
    if manifest.step != "dedup" or manifest.step_version != version:
        raise PipelineError(
            f"dedup.index: {name} was written by version {manifest.step_version} of step {manifest.step}, "
            f"this is version {version} of "
            "dedup, whose keys differ; run `openba dedup` again there"
        )
    other = [key for key in COMPARABLE if theirs.get(key) != mine[key]]
    if other:
        raise PipelineError(
            f"dedup.index: {name} was made with {other[0]} {theirs.get(other[0])}, this manifest has "
            f"{mine[other[0]]}: keys made with "
            f"different settings cannot be compared; set dedup.{other[0]} to {theirs.get(other[0])}, or run "
            "`openba dedup` again there"
        )


def _check_files(name: str, folder: Path, files: Sequence[File]) -> None:
    for file in files:
        path = safe_join(folder, file.path)
        found = sha256(path) if path.exists() else None
        if found is None and is_redacted(folder.parent, folder.name, file.path):
            raise PipelineError(f"dedup.index: {name} was redacted: its keys are gone; take another run")
        if found != file.sha256:
            state = "is missing" if found is None else "was changed after it was written"
            raise PipelineError(
                f"dedup.index: {name}: {path} {state}; remove the manifest.json beside it and run `openba "
                "dedup` again there"
            )


def open_indexes(
    folders: Sequence[tuple[str, Path]], settings: DedupSettings, version: int
) -> tuple[Index, ...]:
    """The indexes in the manifest's order, each after those that it was itself compared with.

    Raises:
        PipelineError: one of them cannot be used, is named twice, or needs another one that is not listed
            before it.
    """
    opened: list[Index] = []
    for name, folder in folders:
        index = open_index(name, folder, settings, version)
        known = {other.sha256 for other in opened}
        if index.sha256 in known:
            raise PipelineError(f"dedup.index: {name} stands twice; remove one")
        if any(needed not in known for _, needed in index.ranges):
            raise PipelineError(
                f"dedup.index: {name} was itself compared with another index, and its duplicates may have "
                "their survivors there; "
                "list that one, unchanged, before it"
            )
        opened.append(index)
    return tuple(opened)


def indexed_survivors(indexes: Sequence[Index]) -> Iterator[np.ndarray]:
    """For every document of the indexes the rank of its cluster's survivor: uint64 [documents], by rank, in
    pieces."""
    firsts = dict[str, int]()
    first = 0
    for index in indexes:
        local = index.survivors()
        borders = [*index.ranges, (index.own, index.sha256)]
        firsts[index.sha256] = first
        begins = np.array([begin for begin, _ in borders], RANK)
        moved = np.array([firsts[digest] for _, digest in borders], RANK)
        for begin, end in blocks(len(local)):
            range_of = np.searchsorted(begins, local[begin:end], side="right") - 1
            yield local[begin:end] - begins[range_of] + moved[range_of]
        first += index.documents


def write_index(folder: Path, indexes: Sequence[Index], all_ids: DocumentIds) -> list[File]:
    """Writes what a later run needs beside keys, ranks and survivors, and returns the manifest's entries of
    all of them."""
    known = [{"manifest_sha256": index.sha256, "documents": index.documents} for index in indexes]
    write_json(folder / INDEX, {"indexes": known, "documents": all_ids.documents - all_ids.old})
    rows = np.diff(all_ids.firsts)[all_ids.old_files :].tolist()
    keys = [describe(path, folder, count) for path, count in zip(all_ids.own, rows, strict=True)]
    arrays = [
        describe(folder / name / "part-00000.npy", folder, all_ids.documents)
        for name in ("ranks", "survivors")
    ]
    return [*keys, *arrays, describe(folder / INDEX, folder, 1)]
