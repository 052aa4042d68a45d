"""A manifest of any kind, typed."""

from __future__ import annotations

from pathlib import Path

from manifests.check import check
from manifests.schema.base import Strict


def open_manifest(path: str | Path) -> Strict:
    """The model that a YAML or JSON manifest satisfies (``CorpusManifest``, ``CurriculumManifest``,
    ``ShardManifest``, ...), told by its key ``kind``.

    Raises:
        ManifestError: it cannot be read or is not valid; the message names file, key and fix.
    """
    return check(Path(path))
