"""What a built-in kind of personal data (PII) is made of: each file in ``kinds`` declares one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from manifests.schema.privacy import PrivacyKind

Validate = Callable[[bytes, bytes, bytes], int]
"""``validate(found, before, after)`` is a pure function of the bytes found and of what is before and
after them in the document (up to ``CONTEXT_BEFORE`` and ``CONTEXT_AFTER`` bytes). It returns how many of
the found bytes are the datum: 0 if it is none, fewer than all if punctuation or other numbers hang on its
end."""

CONTEXT_BEFORE, CONTEXT_AFTER = 64, 8
"""How many bytes of the document around a candidate regular expressions and validators may see."""


@dataclass(frozen=True)
class Detector:
    """Turns candidates of the native scan into findings.

    Attributes:
        candidate: the bit that the scan sets in candidates to be looked at here.
        validate: confirms or refuses a match, or the whole candidate where there is no expression.
        expression: what to look for from the candidate's first byte on. It runs over candidates only, which
            are rare; its repetitions are possessive or bounded, so that the time is linear in the candidate.
    """

    candidate: int
    validate: Validate
    expression: re.Pattern[bytes] | None = None


@dataclass(frozen=True)
class BuiltInKind:
    """One kind of personal data, or one of the ways in which it is written.

    Attributes:
        name: as corpus manifests, metrics and placeholders have it; files of one name agree in what they
            ignore.
        detectors: none where the native scan itself proves every candidate.
        examples: texts with what must be found, to the byte, between ⟦ and ⟧.
        near_misses: texts in which nothing of any kind is found, though it looks like this one.
        ignores_separators: whether a datum is the same with and without spaces, points and dashes.
        ignores_case: whether it is the same in capitals and in small letters.
    """

    name: PrivacyKind
    detectors: tuple[Detector, ...]
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]
    ignores_separators: bool = False
    ignores_case: bool = False
