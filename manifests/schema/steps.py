"""The step manifest: what a step read, kept and rejected, and the hash of every file that it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import model_validator

from manifests.schema.base import Strict

KEPT = ""


class Count(Strict):
    """Documents of one source and language with one outcome; ``reason`` is empty for kept ones."""

    source: str
    language: str
    reason: str
    documents: int
    bytes: int


class File(Strict):
    """A file beside the manifest. ``path`` is relative to the manifest's folder, ``bytes`` the file's
    size."""

    path: str
    sha256: str
    bytes: int
    rows: int = 0


class Part(Strict):
    """One unit of work: the kept and the rejected documents that came out of one input part.

    ``counts`` tells the outcome of every input document; ``metrics`` are additive integers with ``/``-joined
    names.
    """

    index: int
    kept: File
    rejected: File
    documents_in: int
    counts: tuple[Count, ...]
    metrics: dict[str, int] = {}

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
    """Written last and atomically: where it stands, the step is whole.

    ``input_step`` is the step whose manifest has the hash ``input_sha256``; both are empty for the first one.
    ``artifacts`` are the paths, among ``files``, of what the step leaves to later ones, by name.
    """

    version: Literal[1] = 1
    kind: Literal["step"] = "step"
    step: str
    step_version: int
    fingerprint: str
    input_step: str = ""
    input_sha256: str
    settings: dict[str, Any]
    documents_in: int
    documents_kept: int
    counts: tuple[Count, ...]
    metrics: dict[str, int]
    parts: tuple[Part, ...]
    files: tuple[File, ...] = ()
    artifacts: dict[str, tuple[str, ...]] = {}

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
