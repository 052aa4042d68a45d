"""Checks what deduplication says of the paragraphs that it took out: each stood where it says, and the
document that keeps the copy stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import read_batches
from manifests.border.unsound_file import check
from manifests.files import safe_join
from manifests.id_hashes import absent, are_among, ids_in
from manifests.schema.documents import INGESTED, some
from manifests.schema.steps import StepManifest

REMOVED = "removed/"
_IDS = pa.schema([pa.field("id", pa.string(), nullable=False)])
_REMOVED = pa.schema(
    [
        *_IDS,
        pa.field("first_byte", pa.int64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("copy_of", pa.string(), nullable=False),
    ]
)


def removed_paragraphs_elsewhere(
    folder: Path, manifest: StepManifest, before: Path, previous: StepManifest
) -> list[str]:
    """Problems of a dedup folder whose files, and those of the step before, are sound: a line a file.

    Memory: the removed paragraphs of one part, and that of ``id_hashes``.

    Args:
        before: folder of the step before, whose kept documents have the paragraphs.
    """
    files = [file.path for file in manifest.files if file.path.startswith(REMOVED) and file.rows]
    if not files:
        return []
    gone = _gone(folder, manifest, files)
    given = {Path(part.kept.path).name: safe_join(before, part.kept.path) for part in previous.parts}
    problems = list[str]()
    for file in files:
        removed = pa.Table.from_batches(list(read_batches(safe_join(folder, file), _REMOVED)))
        for what, bad in (
            ("have their copy in a document that does not stay", are_among(removed["copy_of"], gone)),
            ("did not stand where it says", ~_stood(removed, _given(given, folder / file))),
        ):
            problems += _problem(folder / file, removed["id"].filter(pa.array(bad)), what)
    return problems


def _given(given: dict[str, Path], file: Path) -> Path:
    check(file.name in given, file, "is of a part that the step before does not have")
    return given[file.name]


def _gone(folder: Path, manifest: StepManifest, files: list[str]) -> npt.NDArray[np.uint64]:
    """Hashes of the documents that are said to have copies and do not stay; none where earlier runs may have
    the copies: their ids are not told from those of this one."""
    if manifest.settings.get("dedup", {}).get("index"):
        return np.empty(0, np.uint64)
    kept = [part.kept.path for part in manifest.parts]
    return absent(ids_in(folder, files, "copy_of"), ids_in(folder, kept))


def _problem(file: Path, ids: pa.ChunkedArray, what: str) -> list[str]:
    if not len(ids):
        return []
    return [f"{file}: {len(ids)} removed paragraphs {what}, such as one of {ids[0].as_py()!r}"]


def _stood(removed: pa.Table, given: Path) -> np.ndarray:
    """bool [paragraphs]: whether the document that the step was given has the paragraph's bytes there."""
    stood = np.zeros(len(removed), bool)
    for batch in read_batches(given, some(INGESTED, "id", "text")):
        places = pc.index_in(removed["id"], value_set=batch.column("id")).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(~np.isnan(places))
        if len(rows):
            mine = removed.take(pa.array(rows))
            stood[rows] = _equal(mine, batch.column("text"), places[rows].astype(np.int64))
    return stood


def _equal(removed: pa.Table, texts: pa.StringArray, rows: np.ndarray) -> np.ndarray:
    """bool [paragraphs]: whether the bytes from ``first_byte`` on of the texts at these rows are theirs."""
    ends, data = _bytes(texts)
    lengths = pc.binary_length(removed["text"]).to_numpy().astype(np.int64)
    first = ends[rows] + removed["first_byte"].to_numpy()
    fits = (first >= ends[rows]) & (first + lengths <= ends[rows + 1])
    paragraphs, of = _bytes(removed["text"].combine_chunks())
    return np.array(
        [
            bool(fit) and np.array_equal(data[at : at + size], of[begin : begin + size])
            for fit, at, size, begin in zip(fits, first, lengths, paragraphs, strict=False)
        ],
        bool,
    )


def _bytes(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """Offsets int64 [texts + 1] and the bytes that they are places of."""
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return places, np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
