"""What a corpus took on a machine, as ``openba measure`` writes it: what ``openba scale`` goes by."""

from __future__ import annotations

from typing import Literal

from manifests.schema.base import Strict


class StepRate(Strict):
    """What one step took."""

    step: str
    """Its name."""
    task_seconds: float
    """CPU seconds, user and system, of the work that an engine shares out."""
    driver_seconds: float
    """CPU seconds of the rest, which one process does."""
    peak_memory: int
    """Most bytes that the process held, tasks and driver together; it runs one task at a time."""
    written: int
    """Bytes of the files in the step's folder."""
    files: int
    """How many there are, receipts included."""
    parts: int
    """Parts of its result."""
    groups: int
    """Shuffles."""
    shuffled: int
    """Bytes of keys that all shuffles together moved."""


class Rates(Strict):
    """All steps of one run."""

    version: Literal[1] = 1
    """Version of the format."""
    kind: Literal["rates"] = "rates"
    """Tells it from the manifests."""
    corpus: str
    """The corpus manifest's name."""
    machine: str
    """The processor, as the system names it."""
    text_bytes: int
    """Bytes of text that the sources gave the ingest step (UTF-8)."""
    tokens: int
    """Tokens in the shards, those of pairs and held-out sets included."""
    part_bytes: int
    """Of the ingest step's settings."""
    steps: tuple[StepRate, ...]
    """In their order."""
