"""Characters of no width inside an e-mail address or a number, which hide it from whoever looks for it and
from nobody who reads it: soft hyphens, zero-width spaces and joiners, word joiners, marks of byte order."""

from __future__ import annotations

from pipeline.steps.privacy.byte_classes import DIGIT, LOCAL
from pipeline.steps.privacy.number_joints import NOTHING, joint_at
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import AT, SPACE

SOFT_HYPHEN_TRIGGER = (b"\xc2", b"\xad")
TRIGGER = (b"\x80\x81\xa0\xb8\xbb", b"\x8b\x8c\x8d\x8e\x8f\xa0\xbf")
"""The last two bytes of the others; so end other characters, too."""

_LONGEST_RUN, _FARTHEST = 8, 96


@kernel_without_refcounts
def hidden_run(data, at, begin, end, before, classes):  # type: ignore[no-untyped-def]
    """Bytes of the characters of no width from ``at`` on that stand inside an address or a number; 0 where
    they do not. Between letters of scripts that need them, and in emoji, they never do.

    Args:
        before: the byte before them, as it is read.
    """
    if not (classes[before] & LOCAL or before == AT):
        return 0
    stop = at
    for _ in range(_LONGEST_RUN):
        size, read_as = joint_at(data, stop, end)
        if size == 0 or read_as != NOTHING:
            break
        stop += size
    if stop == at or stop >= end or not (classes[data[stop]] & LOCAL or data[stop] == AT):
        return 0
    if classes[before] & classes[data[stop]] & DIGIT or _in_address(data, at, begin, end):
        return stop - at
    return 0


@kernel_without_refcounts
def _in_address(data, at, begin, end):  # type: ignore[no-untyped-def]
    """Whether an @ is in the word around ``at``, not far away."""
    place = at
    while place > max(begin, at - _FARTHEST) and data[place - 1] > SPACE:
        place -= 1
        if data[place] == AT:
            return True
    place = at
    while place < min(end, at + _FARTHEST) and data[place] > SPACE:
        if data[place] == AT:
            return True
        place += 1
    return False
