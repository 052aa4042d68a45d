"""One document as a reader found it, before its text is repaired."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """``key`` is unique in its source. ``reason`` and ``detail`` say why a document cannot be used; its text is what could be read."""

    key: str
    text: str
    url: str | None = None
    license: str | None = None
    meta: str | None = None
    reason: str | None = None
    detail: str | None = None
    charset: str | None = "utf-8"
