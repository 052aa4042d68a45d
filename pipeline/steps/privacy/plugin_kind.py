"""A kind of personal data of the user's own: what a plug-in declares."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import pyarrow as pa

from manifests.schema.privacy import PrivacyKind

Finder = Callable[[pa.StringArray], Any]
"""``finder(texts)`` takes string [n] and returns an array of integers [found, 3]: which text, and first
byte and end in that text's UTF-8. Its time should be linear in the text; ``linear_expressions.finder_of``
makes one that is. """

_NAME, _PLACEHOLDER = re.compile(r"[a-z][a-z_]{0,15}"), re.compile(r"<[^\W\d]+>")


@dataclass(frozen=True)
class PluginKind:
    """One kind of personal data.

    Attributes:
        name: of up to 16 small letters and underscores; metrics and pseudonyms have it.
        finder: finds what may be data of this kind.
        validate: confirms or refuses what was found, given its bytes; None confirms everything.
        placeholder: ``<``, letters and underscores, ``>``, so that no kind finds anything in it; ``<NAME>``
            where none is given.

    Raises:
        ValueError: the name or the placeholder is not of that form, or the name is a built-in kind's.
    """

    name: str
    finder: Finder
    validate: Callable[[bytes], bool] | None = None
    placeholder: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r}: write up to 16 small letters and underscores")
        if self.name in get_args(PrivacyKind):
            raise ValueError(f"name {self.name!r} is that of a built-in kind; choose another")
        if not self.placeholder:
            object.__setattr__(self, "placeholder", f"<{self.name.upper()}>")
        if not _PLACEHOLDER.fullmatch(self.placeholder):
            raise ValueError(
                f"placeholder {self.placeholder!r}: write letters and underscores between < and >"
            )
