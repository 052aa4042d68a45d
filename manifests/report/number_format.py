"""Numbers as text."""

from __future__ import annotations

from manifests.schema.base import UNITS


def count(number: int) -> str:
    """1234567 -> ``1,234,567``."""
    return f"{number:,}"


def short(number: float) -> str:
    """1234567 -> ``1.23 M``; for axes and labels, where the exact number is elsewhere."""
    for unit, factor in sorted(UNITS.items(), key=lambda item: -item[1]):
        if unit and abs(number) >= factor:
            return f"{number / factor:.3g} {unit}"
    return f"{number:.4g}"


def share(part: float, whole: float) -> str:
    """``12.3 %``; a dash of nothing."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    return f"{percent:.1f} %" if percent >= 0.1 or not part else "< 0.1 %"


def megabytes(number: int) -> str:
    """Bytes -> ``12.3 MB``."""
    return f"{number / 1e6:,.1f} MB"


def plain(name: str) -> str:
    """``near_duplicate`` -> ``near duplicate``."""
    return name.replace("_", " ")
