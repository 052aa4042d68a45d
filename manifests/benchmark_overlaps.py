"""Which benchmark items a corpus held, as its decontaminate step tells: what a score is to be read with."""

from __future__ import annotations

import re
from pathlib import Path

from manifests.border.arrow_files import read_batches
from manifests.files import safe_join
from manifests.schema.base import load
from manifests.schema.benchmark_scores import Place
from manifests.schema.documents import REJECTED, some
from manifests.schema.steps import StepManifest

_DETAIL = re.compile(r"benchmark=.*? item=(?P<item>.*?) span=\"")


def benchmark_overlaps(run: Path) -> dict[str, tuple[Place, ...]] | None:
    """The documents that held each item, by the item's id, from the rejects of a run folder; None where its
    decontaminate step has not run, looked for no benchmark, or its rejects were redacted.

    The step names the first item of each document: one that holds many names one of them.

    Raises:
        ManifestError, UnsoundFileError: the step's manifest or rejects are not valid.
    """
    file = run / "decontaminate" / "manifest.json"
    if not file.exists():
        return None
    manifest = load(file, StepManifest)
    paths = [safe_join(file.parent, part.rejected.path) for part in manifest.parts if part.rejected.rows]
    if not manifest.settings.get("benchmarks") or not all(path.exists() for path in paths):
        return None
    found: dict[str, list[Place]] = {}
    for path in paths:
        for batch in read_batches(path, some(REJECTED, "id", "source", "reason", "detail")):
            for row in batch.to_pylist():
                if row["reason"] == "benchmark_overlap" and (told := _DETAIL.match(row["detail"] or "")):
                    place = Place(document=row["id"], source=row["source"])
                    found.setdefault(told["item"], []).append(place)
    return {item: tuple(places) for item, places in found.items()}
