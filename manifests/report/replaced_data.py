"""Where two texts differ, the second of which is the first with personal data replaced or removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_FILLINGS = re.compile(r"(?:<[^\W\d]+(?::[0-9a-f]+)?>)+")
_ANCHOR, _SHORTEST_ANCHOR = 24, 3
_STEP = 1 << 12


class Replaced(NamedTuple):
    """``value`` became ``filling`` (empty where it was removed), which is at ``place`` in the new text."""

    value: str
    filling: str
    place: int


def replaced(old: str, new: str) -> Iterator[Replaced]:
    """The replacements, in order, as long as it is plain what became of what: up to the first that so little
    unchanged text follows that it could be anywhere."""
    at_old = at_new = 0
    while True:
        same = _common(old, at_old, new, at_new)
        at_old, at_new = at_old + same, at_new + same
        if at_old == len(old):
            return
        match = _FILLINGS.match(new, at_new)
        filling = match.group() if match else ""
        end = _where_they_meet(old, at_old + 1, new, at_new + len(filling))
        if end < 0:
            return
        yield Replaced(old[at_old:end], filling, at_new)
        at_old, at_new = end, at_new + len(filling)


def _where_they_meet(old: str, at: int, new: str, at_new: int) -> int:
    """The place in ``old``, from ``at`` on, at which what follows in ``new`` stands; -1 for none."""
    anchor = new[at_new : at_new + _ANCHOR]
    if cut := _FILLINGS.search(anchor):
        anchor = anchor[: cut.start()]
    if at_new + len(anchor) == len(new):
        end = len(old) - len(anchor)
        return end if end >= at and old.endswith(anchor) else -1
    return old.find(anchor, at) if len(anchor) >= _SHORTEST_ANCHOR else -1


def _common(old: str, at_old: int, new: str, at_new: int) -> int:
    """How many characters are the same from the two places on."""
    same = 0
    while (piece := old[at_old + same : at_old + same + _STEP]) and piece == new[
        at_new + same : at_new + same + _STEP
    ]:
        same += len(piece)
    pairs = zip(piece, new[at_new + same : at_new + same + _STEP], strict=False)
    return same + next(
        (index for index, (one, other) in enumerate(pairs) if one != other),
        min(len(piece), len(new) - at_new - same),
    )
