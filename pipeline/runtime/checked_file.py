"""Files that a manifest vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from manifests.border.arrow_files import ANY, read_batches
from manifests.files import cached_sha256, has_sha256
from manifests.schema.documents import DEDUPED
from manifests.schema.steps import File
from pipeline.runtime.pipeline_error import PipelineError


class CheckedFile:
    """The batches of an Arrow file whose SHA-256 a manifest names; a file with other bytes is refused, and
    one without the columns ``wanted``."""

    def __init__(self, path: Path, file: File, wanted: pa.Schema = ANY) -> None:
        self.path = path
        self._sha256 = file.sha256
        self._wanted = wanted

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return read_batches(self.checked(), self._wanted, DEDUPED)

    def checked(self) -> Path:
        """The file, which has the bytes it should have.

        Raises:
            PipelineError: it has not, or is missing.
        """
        try:
            sound = has_sha256(self.path, self._sha256)
        except FileNotFoundError:
            raise PipelineError(
                f"{self.path} is missing; remove the manifest.json beside it and run that step again"
            ) from None
        if not sound:
            found = cached_sha256(self.path)
            raise PipelineError(
                f"{self.path} was changed after it was written (SHA-256 {found[:12]}…, its manifest says "
                f"{self._sha256[:12]}…); "
                "remove the manifest.json beside it and run that step again"
            )
        return self.path
