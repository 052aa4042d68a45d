"""What was taken out of a run so that nobody's data are in it."""

from __future__ import annotations

from typing import Literal

from manifests.schema.base import Strict


class Redaction(Strict):
    """``redacted.json`` of a run folder: what is not there on purpose. `openba verify` calls what is missing,
    and named here, redacted and not damaged; steps are not run in such a folder."""

    version: Literal[1] = 1
    """Version of the manifest's format."""
    kind: Literal["redaction"] = "redaction"
    """Tells it from other manifests."""
    by: Literal["redact", "share"]
    """The command: ``redact`` removed the files, ``share`` did not copy them."""
    steps: dict[str, tuple[str, ...]]
    """By step, what is gone: ``*`` stands for the whole folder but for its manifest and the models that were
    trained on scrubbed text, other names for files or folders in it."""
