"""The step manifest: what a step read, kept and rejected, and the hash of every file that it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, model_validator

from manifests.schema.base import Strict

KEPT = ""


class Count(Strict):
    """Documents of one source and language with one outcome."""

    source: str
    """The source's name."""
    language: str
    """The language, or nothing where it was not told yet."""
    reason: str
    """Why they were rejected; empty for kept ones."""
    documents: int
    """How many."""
    bytes: int
    """Bytes of their text."""


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if not path or "\0" in path or parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"{path!r} leads out of the manifest's folder")
    return path


class File(Strict):
    """A file beside the manifest."""

    path: Annotated[str, AfterValidator(_inside)]
    """Relative to the manifest's folder, and inside of it."""
    sha256: str
    """The SHA-256 of its content."""
    bytes: int
    """Its size."""
    rows: int = 0
    """Rows of an Arrow file."""


class Part(Strict):
    """One unit of work: the kept and the rejected documents that came out of one input part."""

    index: int
    """The part's number, from 0."""
    kept: File
    """The kept documents."""
    rejected: File
    """The rejected documents, each with its reason."""
    documents_in: int
    """Documents that came in: kept + rejected."""
    counts: tuple[Count, ...]
    """The outcome of every input document."""
    metrics: dict[str, int] = {}
    """What the step counted besides: additive integers with names joined by ``/``."""

    @model_validator(mode="after")
    def _conserved(self) -> Part:
        kept = sum(count.documents for count in self.counts if count.reason == KEPT)
        rejected = sum(count.documents for count in self.counts if count.reason != KEPT)
        if (kept, rejected) != (self.kept.rows, self.rejected.rows) or kept + rejected != self.documents_in:
            raise ValueError(
                f"documents are not conserved in part {self.index}: {self.documents_in} in, {kept} counted "
                "as kept "
                f"({self.kept.rows} written), {rejected} counted as rejected ({self.rejected.rows} written)"
            )
        return self


class StepManifest(Strict):
    """Written last and atomically: if it is there, the step is whole."""

    version: Literal[1] = 1
    """Version of the manifest's format."""
    kind: Literal["step"] = "step"
    """Tells a step manifest from the others."""
    step: str
    """The step's name."""
    step_version: int
    """Version of the step's code; another one runs the step again."""
    fingerprint: str
    """Hash of version, settings, foreign files and input; the same one means nothing to do."""
    input_step: str = ""
    """The previous step; empty for the first one."""
    input_sha256: str
    """SHA-256 of the previous step's manifest; empty for the first one."""
    settings: dict[str, Any]
    """The settings that the step ran with."""
    documents_in: int
    """Documents that came in: kept + rejected."""
    documents_kept: int
    """Documents that were kept."""
    counts: tuple[Count, ...]
    """The outcome of every input document, over all parts."""
    metrics: dict[str, int]
    """What the step counted besides, over all parts."""
    parts: tuple[Part, ...]
    """The parts, in order."""
    files: tuple[File, ...] = ()
    """Further files that the step wrote: models, indices, shards."""
    personal_data: tuple[str, ...] = ()
    """What of the folder holds text as it was before the privacy step, or was rejected, and what was made of
    it: ``*`` is all but the manifest and the folders ``tokenizer``, ``models`` and ``classifiers``, whose
    models were trained on scrubbed text; ``rejected`` the rejects. Only its owner may read it; `openba
    redact` removes it, and `openba share` leaves it out. Empty in manifests of versions that did not tell."""
    artifacts: dict[str, tuple[str, ...]] = {}
    """Paths, among ``files``, of what the step leaves to later ones, by name."""

    @model_validator(mode="after")
    def _conserved(self) -> StepManifest:
        if merge_counts(part.counts for part in self.parts) != self.counts:
            raise ValueError(f"{self.step}: the counts do not add up to those of the parts")
        total = sum(count.documents for count in self.counts)
        kept = sum(count.documents for count in self.counts if count.reason == KEPT)
        if (total, kept) != (self.documents_in, self.documents_kept):
            raise ValueError(f"{self.step}: {self.documents_in} documents in, but kept + rejected = {total}")
        return self


def merge_counts(groups: Iterable[tuple[Count, ...]]) -> tuple[Count, ...]:
    """Adds counts with the same source, language and reason; the result is sorted."""
    documents: Counter[tuple[str, str, str]] = Counter()
    size: Counter[tuple[str, str, str]] = Counter()
    for group in groups:
        for count in group:
            key = (count.source, count.language, count.reason)
            documents[key] += count.documents
            size[key] += count.bytes
    return tuple(
        Count(
            source=source,
            language=language,
            reason=reason,
            documents=documents[source, language, reason],
            bytes=size[source, language, reason],
        )
        for source, language, reason in sorted(documents)
    )


def merge_metrics(groups: Iterable[dict[str, int]]) -> dict[str, int]:
    """Adds metrics with the same name; the result is sorted by name."""
    total: Counter[str] = Counter()
    for group in groups:
        total.update(group)
    return {name: total[name] for name in sorted(total)}
