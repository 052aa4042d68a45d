"""Names and meanings of the quality signals, in column order."""

from __future__ import annotations

SIGNALS: dict[str, str] = {
    "characters": "Unicode code points in the document",
}
