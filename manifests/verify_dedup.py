"""Checks what deduplication promises: a document is dropped for one that stays, and the two are similar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.arrow_files import read_batches
from manifests.files import safe_join
from manifests.id_hashes import absent, are_among, ids_in
from manifests.schema.documents import REJECTED, some
from manifests.schema.steps import StepManifest
from manifests.verify_sketches import less_similar

DETAIL = r"^cluster=\S* survivor=(?P<survivor>.*) similarity=(?P<similarity>[01]\.\d\d)(?P<index> index=.*)?$"
_REJECTED = some(REJECTED, "id", "reason", "detail")


def duplicates_without_survivor(folder: Path, manifest: StepManifest) -> list[str]:
    """Problems of a dedup folder whose files are sound.

    Of duplicates of an earlier run's documents only the stated similarity is known here: that run is verified
    by itself. Memory: a record batch, and that of ``id_hashes``.
    """
    kept = [part.kept.path for part in manifest.parts]
    keys = [file.path for file in manifest.files if file.path.startswith("keys/")]
    least = round(float(manifest.settings.get("dedup", {}).get("similarity", 0)) * 10**6)
    survivors = (found.filter(found["here"])["survivor"] for _, found in _rejected(folder, manifest))
    gone = absent(survivors, ids_in(folder, kept))
    pairs = (_near_and_here(found) for _, found in _rejected(folder, manifest))
    unlike = less_similar(pairs, [safe_join(folder, key) for key in keys], least)
    problems: list[str] = []
    for path, found in _rejected(folder, manifest):
        for what, bad in (
            ("a document that does not stay", _gone(found, gone)),
            ("one that is less similar than dedup.similarity", _unlike(found, unlike, least)),
        ):
            names = found.filter(pa.array(bad))["id"]
            if len(names):
                problems.append(
                    f"{path}: {len(names)} documents are rejected for {what}, such as {names[0].as_py()!r}"
                )
    return problems


def _rejected(folder: Path, manifest: StepManifest) -> Iterator[tuple[Path, pa.Table]]:
    """(file, duplicates of one of its batches)."""
    for part in manifest.parts:
        path = safe_join(folder, part.rejected.path)
        for batch in read_batches(path, _REJECTED):
            yield path, _duplicates(batch)


def _duplicates(batch: pa.RecordBatch) -> pa.Table:
    """Columns id, near, survivor (null where the detail names none), similarity, here (whether the survivor
    is of this run)."""
    table = pa.table({name: batch.column(name) for name in ("id", "reason", "detail")})
    table = table.filter(pc.is_in(table["reason"], pa.array(["exact_duplicate", "near_duplicate"])))
    stated = pc.extract_regex(table["detail"].cast(pa.string()), DETAIL)
    return pa.table(
        {
            "id": table["id"],
            "near": pc.equal(table["reason"], "near_duplicate"),
            "survivor": pc.struct_field(stated, "survivor"),
            "similarity": pc.struct_field(stated, "similarity"),
            "here": pc.equal(pc.struct_field(stated, "index"), ""),
        }
    )


def _near_and_here(found: pa.Table) -> pa.Table:
    return found.filter(pc.and_(found["near"], pc.fill_null(found["here"], False)))


def _gone(found: pa.Table, gone: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which name no survivor, or one of this run that is not kept."""
    unnamed, here = (
        column.to_numpy() for column in (pc.is_null(found["survivor"]), pc.fill_null(found["here"], False))
    )
    return np.asarray(unnamed | here & are_among(found["survivor"], gone))


def _unlike(found: pa.Table, unlike: npt.NDArray[np.uint64], least: int) -> npt.NDArray[np.bool_]:
    """Which near-duplicates are less similar to their survivors than ``least`` millionths: by their sketches
    (``unlike``), or by what is stated where the survivor is in an index."""
    stated = pc.multiply(pc.fill_null(found["similarity"], "1").cast(pa.float64()), 1e6).to_numpy()
    near, here = (pc.fill_null(found[name], False).to_numpy() for name in ("near", "here"))
    # Two places are written.
    elsewhere = ~here & (stated < least - 5000.5)
    return np.asarray(near & np.where(here, are_among(found["id"], unlike), elsewhere))
