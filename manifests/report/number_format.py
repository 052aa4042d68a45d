"""Numbers as text."""

from __future__ import annotations

from manifests.schema.base import UNITS

_SIZES = ("B", "KB", "MB", "GB", "TB")


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


def size(number: int) -> str:
    """Bytes -> ``12.3 MB``, in the greatest unit (of powers of 1,000) that they fill."""
    power = min((len(str(number)) - 1) // 3, len(_SIZES) - 1)
    return f"{number / 1000**power:,.{min(power, 1)}f} {_SIZES[power]}"


def plain(name: str) -> str:
    """``near_duplicate`` -> ``near duplicate``."""
    return name.replace("_", " ")
