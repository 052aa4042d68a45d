"""The clusters of near duplicates with what the quality step rejected, as if deduplication came first.

The run's own dedup folder is the index, and the rejects are the new documents: a document's verdict depends
on better ones alone, so that what stays, stays. A reject is a member of the cluster of the kept document that
it is similar to, else of one of rejects alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import open_table
from manifests.border.unsound_file import check
from manifests.files import safe_join
from manifests.schema.documents import REJECTED, needed_schema
from pipeline.runtime.checked_file import CheckedFile
from pipeline.runtime.context import StepContext
from pipeline.runtime.file_names import part_index
from pipeline.runtime.phases import Phases
from pipeline.runtime.transform import PartTask
from pipeline.steps.dedup.clustering import Clusters, cluster
from pipeline.steps.dedup.dedup_index import Index, open_indexes
from pipeline.steps.dedup.dedup_step import DedupStep, index_folders
from pipeline.steps.dedup.document_ids import KEYS, DocumentIds, document_ids
from pipeline.steps.dedup.group_files import ranks_of, survivors_of
from pipeline.steps.dedup.key_phases import KeyPhases
from pipeline.steps.dedup.signatures import ComputeSignatures

FOLDER = "rehydrate"
_LANGUAGE = pa.schema([("language", pa.string())])


@dataclass(frozen=True)
class JointClusters:
    """Columns [documents], the run's own in the order of dedup's input, then the quality step's rejects:
    ``sizes``, documents in the cluster of each, 0 in one of an earlier run; ``language``, null where it is
    not told; and ``rejected``. ``keys`` and ``firsts``: the files of the run's own keys, and the number of
    each one's first document."""

    sizes: npt.NDArray[np.int64]
    language: pa.ChunkedArray
    rejected: npt.NDArray[np.bool_]
    keys: tuple[Path, ...]
    firsts: tuple[int, ...]

    def sizes_of(self, part: int, ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        """Sizes of the clusters of some documents of a part."""
        (file,) = (number for number, path in enumerate(self.keys) if part_index(path) == part)
        rows = pc.index_in(ids, value_set=open_table(self.keys[file], KEYS, ["id"])["id"])
        check(rows.null_count == 0, self.keys[file], "has no keys of some documents")
        return np.asarray(self.sizes[rows.to_numpy().astype(np.int64) + self.firsts[file]])


def joint_clusters(context: StepContext) -> JointClusters:
    """Clusters the documents of the run's dedup step together with the quality step's rejects. Another budget
    reads no text again.

    Memory: 40 bytes a document and reject.

    Raises:
        PipelineError: one of the two steps is not done, or was changed.
    """
    folders = [*index_folders(context), ("dedup", context.folder.parent / "dedup")]
    indexes = open_indexes(folders, context.corpus.dedup, DedupStep.version)
    rejects = _files(context, "quality", rejected=True)
    phases = KeyPhases(context, f"{FOLDER}/", indexes[-1].sha256)
    known = document_ids([path for index in indexes for path in index.keys], _keys(phases, rejects))
    found = cluster(phases, known, indexes, context.corpus.dedup)
    documents = _files(context, context.earlier("dedup").input_step, rejected=False)
    return _joint(known, indexes[-1], found, [*documents, *rejects])


def _files(context: StepContext, step: str, rejected: bool) -> list[CheckedFile]:
    """The kept documents of an earlier step, or its rejects, part by part."""
    folder, wanted = context.folder.parent / step, REJECTED if rejected else needed_schema(step)
    files = [part.rejected if rejected else part.kept for part in context.earlier(step).parts]
    return [CheckedFile(safe_join(folder, file.path), file, wanted) for file in files]


def _keys(phases: KeyPhases, rejects: Sequence[CheckedFile]) -> list[Path]:
    """Keys of the rejects, but for their paragraphs."""
    corpus = phases.context.corpus
    settings = corpus.dedup.model_copy(update={"paragraphs": False})
    compute = ComputeSignatures(settings, tuple(source.name for source in corpus.sources))
    tasks = [PartTask(part_index(file.path), file) for file in rejects]
    return Phases(phases.context).extract(f"{phases.prefix}keys", compute, tasks, key=phases.key)


def _joint(known: DocumentIds, own: Index, found: Clusters, files: Sequence[CheckedFile]) -> JointClusters:
    """``files``: those that the documents and the rejects came from."""
    first = known.old - own.documents
    survivors = survivors_of(found.survivors, known.documents)
    sizes = np.bincount(survivors[first:], minlength=known.documents)
    sizes[:first] = 0
    ranks = ranks_of(found.ranks, known.documents)[0, first:]
    languages = [open_table(file.checked(), _LANGUAGE, ["language"])["language"] for file in files]
    begin = known.old_files - len(own.keys)
    return JointClusters(
        sizes[survivors[ranks]],
        pa.chunked_array([chunk for column in languages for chunk in column.chunks], pa.string()),
        np.arange(first, known.documents) >= known.old,
        own.keys,
        tuple(number - first for number in known.firsts[begin : known.old_files]),
    )
